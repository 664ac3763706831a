import { expect, test } from 'vitest'
import { lineage } from './lineage'
import { sampleGraph } from './sample'

const graph = sampleGraph('a b c d e f', 'a>b b>c a>c c>d e>d')
const of = (id: string, limit = 99) =>
  lineage(graph, new Set([id]), limit)
    ?.map((edge) => edge.parent + edge.child)
    .sort()

test('every way in and every way out, and no sister', () => {
  expect(of('c')).toEqual(['ab', 'ac', 'bc', 'cd'])
  expect(of('e')).toEqual(['ed'])
  expect(of('f')).toEqual([])
})
test('more than asked for is nothing', () => {
  expect(of('c', 3)).toBeUndefined()
})
