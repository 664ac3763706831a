import { expect, test } from 'vitest'
import { blamed } from './blamed'

test('the word that an error is about is found in its line', () => {
  const line = 'monthly = sales.groupby(["date"])["revenu"].sum()'
  const at = blamed(line, "'Column not found: revenu'")!
  expect(line.slice(at.from, at.to)).toBe('revenu')
  expect(blamed('x = total / n', 'division by zero')).toBeUndefined()
  expect(blamed('salesman = 1; sales', "name 'sales' is not defined")).toEqual({ from: 14, to: 19 })
})
