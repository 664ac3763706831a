import { expect, test } from 'vitest'
import { atLeast, roles, whyNot } from './role'

test('a role may do what the ones before it may, and who may not is told what it takes', () => {
  for (const [i, role] of roles.entries())
    for (const [k, least] of roles.entries()) {
      expect(atLeast(role, least)).toBe(i >= k)
      expect(whyNot(role, least) === undefined).toBe(i >= k)
    }
  expect(atLeast(undefined, 'viewer')).toBe(false)
  expect(whyNot('viewer', 'editor')).toBe('You are a viewer here: it needs the role editor.')
  expect(whyNot('editor', 'owner')).toBe('You are an editor here: it needs the role owner.')
})
