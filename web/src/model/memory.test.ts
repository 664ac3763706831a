import { expect, test } from 'vitest'
import { twice } from './memory'

test.each([
  ['100Mi', '200Mi'],
  ['512Mi', '1Gi'],
  ['4 GB', '8GB'],
  ['1.5Gi', '3Gi'],
])('twice %s is %s', (limit, more) => expect(twice(limit)).toBe(more))
test('of no limit there is no double', () => {
  expect(twice(undefined)).toBeUndefined()
  expect(twice('plenty')).toBeUndefined()
})
