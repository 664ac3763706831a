import { expect, test } from 'vitest'
import { logOf } from './log'

const outputs = [
  { type: 'text' as const, stream: 'stdout' as const, text: 'one\ntwo\n' },
  { type: 'display' as const, data: {} },
  { type: 'text' as const, stream: 'stderr' as const, text: '\u001b[31mThree\u001b[0m' },
]

test('pages count from the front or from the end', () => {
  expect(logOf(outputs, { from: 1, limit: 1 })).toEqual({
    lines: [{ n: 1, stream: 'stdout', text: 'two' }],
    from: 1,
    total: 3,
  })
  expect(logOf(outputs, { from: -1, limit: 9 }).lines.map((line) => line.n)).toEqual([2])
  expect(logOf(outputs, { from: -99, limit: 9 }).from).toBe(0)
})
test('a search takes no notice of case and colours, and keeps the places', () => {
  const found = logOf(outputs, { from: 0, limit: 9, search: 'three' })
  expect([found.total, found.lines[0]?.n]).toEqual([1, 2])
})
