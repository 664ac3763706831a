import { expect, test } from 'vitest'
import { deed, deedGroups } from './deeds'

test('an entry is told in words, one of a kind that is new here by its name, and long values are cut', () => {
  const role = deed({ action: 'member.role', subject: 'Ben', detail: { before: 'viewer', role: 'editor' } })
  expect(role).toEqual({ words: 'Changed a role', more: 'Ben, before viewer, role editor' })
  const strange = deed({ action: 'comet.seen', subject: null, detail: { tail: null, long: 'x'.repeat(99) } })
  expect(strange).toEqual({ words: 'comet.seen', more: `long ${'x'.repeat(79)}…` })
  expect(deedGroups.every(([prefix]) => prefix.endsWith('.'))).toBe(true)
})
