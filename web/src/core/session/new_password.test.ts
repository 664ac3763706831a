import { expect, test } from 'vitest'
import { passwordProblem } from './new_password'

test('a new password is long, not the address, and typed alike twice', () => {
  expect(passwordProblem('short', 'short')).toContain('at least 10')
  expect(passwordProblem('ten letters', 'ten letterz')).toContain('differ')
  expect(passwordProblem('ada@example.org', 'ada@example.org', 'Ada@Example.org ')).toContain('address')
  expect(passwordProblem('correct horse', 'correct horse', 'ada@example.org')).toBeUndefined()
  // Characters, not the halves of them.
  expect(passwordProblem('🐎🐎🐎🐎🐎', '🐎🐎🐎🐎🐎')).toContain('at least 10')
})
