import { expect, test } from 'vitest'
import { duration } from './duration'

test('a time is as exact as one cares', () => {
  expect([0.0004, 0.012, 2.44, 61, 3725].map((s) => duration(s))).toEqual([
    '1 ms',
    '12 ms',
    '2.4 s',
    '1:01',
    '1:02:05',
  ])
})
test('while it counts it has no tenths', () => expect(duration(14, true)).toBe('0:14'))
