import { expect, test } from 'vitest'
import { ago } from './time'

test('a time is said as people say it, and a clock that is behind does not count below zero', () => {
  const now = Date.UTC(2026, 10, 23, 12)
  const before = (ms: number) => ago(now - ms, now)
  expect(before(-5000)).toBe('just now')
  expect(before(60e3)).toBe('1 minute ago')
  expect(before(59 * 60e3)).toBe('59 minutes ago')
  expect(before(25 * 3600e3)).toBe('yesterday')
  expect(before(5 * 86400e3)).toBe('5 days ago')
  expect(before(20 * 86400e3)).toBe('on Nov 3, 2026')
})
