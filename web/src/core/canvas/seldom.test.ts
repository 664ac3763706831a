import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Seldom, seldomMs } from './seldom'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test('what is printed first is told at once, what follows together, and nothing is left out', () => {
  const told: string[][] = []
  const seldom = new Seldom((blocks) => told.push([...blocks]))
  seldom.add(['a'])
  for (let i = 0; i < 50; i++) seldom.add(['a', 'b'])
  expect(told).toEqual([['a']])
  vi.advanceTimersByTime(seldomMs)
  expect(told).toEqual([['a'], ['a', 'b']])
  vi.advanceTimersByTime(10 * seldomMs)
  expect(told.length).toBe(2)
  seldom.add(['b'])
  expect(told.at(-1)).toEqual(['b'])
})

test('a block that is told of otherwise is not told of again', () => {
  const told: string[][] = []
  const seldom = new Seldom((blocks) => told.push([...blocks]))
  seldom.add(['a'])
  seldom.add(['a', 'b'])
  seldom.told(['a'])
  vi.advanceTimersByTime(seldomMs)
  expect(told).toEqual([['a'], ['b']])
})
