import { expect, test } from 'vitest'
import { sampleGraph } from '../../model/sample'
import { optionsOf } from './names_from_parents'

const variable = (name: string, origin: string, carried = true) => ({
  name,
  type: 'pandas.DataFrame',
  shape: [3, 2],
  bytes: 1,
  origin,
  preview: '',
  carried,
})

test('names of the parents are offered, the later parent winning, and none that are not kept', () => {
  const graph = sampleGraph('a b c d', 'a>c b>c')
  const held: Record<string, ReturnType<typeof variable>[]> = {
    a: [variable('x', 'a'), variable('conn', 'a', false)],
    b: [variable('x', 'b'), variable('y', 'b')],
    d: [variable('z', 'd')],
  }
  const options = optionsOf({ graph, variables: (id) => held[id] ?? [] }, 'c')
  expect(options.map(({ label, detail }) => [label, detail])).toEqual([
    ['x', 'DataFrame 3 × 2, b'],
    ['y', 'DataFrame 3 × 2, b'],
  ])
})
