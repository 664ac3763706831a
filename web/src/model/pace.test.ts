import { expect, test } from 'vitest'
import { freePath } from './free_path'
import { leftText, newPace, paced, secondsLeft } from './pace'

test('a rate needs a second, follows what changes slowly, and forgets what was sent in vain', () => {
  let pace = newPace(0, 0)
  expect(secondsLeft(paced(pace, 500, 1000), 10)).toBeUndefined()
  for (let s = 1; s <= 10; s++) pace = paced(pace, s * 1000, s * 1000)
  expect(pace.perSecond).toBeCloseTo(1000)
  expect(secondsLeft(pace, 5000)).toBeCloseTo(5)
  const stalled = paced(pace, 11_000, 10_000)
  expect(stalled.perSecond).toBeCloseTo(700)
  expect(paced(stalled, 12_000, 4000)).toMatchObject({ bytes: 4000, perSecond: stalled.perSecond })
})

test('the time that is left is said as a person would', () => {
  expect([0.2, 12.1, 240, 9000].map(leftText)).toEqual([
    'a moment left',
    '13 s left',
    '4 min left',
    '2.5 h left',
  ])
})

test('a name that is free keeps folder and ending', () => {
  expect(freePath('data/rows.csv', new Set())).toBe('data/rows-2.csv')
  expect(freePath('rows.tar.gz', new Set(['rows-2.tar.gz']))).toBe('rows-3.tar.gz')
  expect([freePath('.env', new Set()), freePath('a.b/Makefile', new Set())]).toEqual([
    '.env-2',
    'a.b/Makefile-2',
  ])
})
