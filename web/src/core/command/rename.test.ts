import { expect, test } from 'vitest'
import { apply } from '../../model/change'
import { sampleGraph } from '../../model/sample'
import type { Desk } from './command'
import { page, setPage } from '../session/page'
import { rename } from './rename'

function desk(): Pick<Desk, 'store'> {
  const graph = sampleGraph('a b')
  const change: Desk['store']['change'] = (asked) => {
    const result = apply(graph, asked)
    return result.ok ? undefined : result.refusal
  }
  return { store: { graph, change } as Desk['store'] }
}

test('a name that cannot be is answered with one that can, which one press gives it', () => {
  const { store } = desk()
  expect(rename({ store }, 'a', 'monthly sales')).toBe(false)
  expect(store.graph.block('a')!.name).toBe('a')
  expect(page().notice?.action?.label).toBe('Call it monthly_sales')
  page().notice!.action!.run()
  expect(store.graph.block('a')!.name).toBe('monthly_sales')
})
test('a name that another block has is offered with a number', () => {
  const { store } = desk()
  expect(rename({ store }, 'a', 'b')).toBe(false)
  expect(page().notice?.action?.label).toBe('Call it b_2')
})
test('the name that it has already is no change', () => {
  setPage({ notice: undefined })
  expect(rename(desk(), 'a', 'a')).toBe(true)
  expect(page().notice).toBeUndefined()
})
