import { expect, test } from 'vitest'
import { nameLike, nameProblem } from './block'

test('for what cannot be a name there is one that is near', () => {
  expect(nameLike('monthly sales')).toBe('monthly_sales')
  expect(nameLike(' Umsätze (2024)! ')).toBe('Umsatze_2024')
  expect(nameLike('2nd try')).toBe('_2nd_try')
  expect(nameLike('…')).toBe('')
  for (const text of ['monthly sales', '2nd', 'ä ö', 'x'.repeat(80), '-a-'])
    expect(nameProblem(nameLike(text))).toBeUndefined()
})
