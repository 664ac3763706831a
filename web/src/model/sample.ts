import fc from 'fast-check'
import type { Block, BlockId } from './block'
import { apply, type Change } from './change'
import { Graph } from './graph'

/** For tests: small canvases, and changes of every kind, many of which must be refused. */
export function sampleBlock(id: BlockId, more: Partial<Block> = {}): Block {
  return {
    id,
    kind: 'python',
    name: id,
    code: '',
    at: { x: 0, y: 0 },
    size: { w: 360, h: 200 },
    settings: {},
    ...more,
  }
}

/** `sampleGraph('a b c', 'a>b b>c')`. */
export function sampleGraph(blocks: string, edges = ''): Graph {
  const graph = new Graph()
  blocks.split(' ').forEach((id, i) => graph.putBlock(sampleBlock(id, { at: { x: 400 * i, y: 0 } })))
  for (const edge of edges.split(' ').filter(Boolean)) {
    const [parent, child] = edge.split('>') as [BlockId, BlockId]
    const result = apply(graph, { op: 'connect', edge: { parent, child } })
    if (!result.ok) throw new Error(`the sample has a bad edge ${edge}`)
  }
  return graph
}

/** Everything that a graph holds, in an order that does not depend on its history. */
export function snapshot(graph: Graph): unknown {
  const blocks = [...graph.blocks()].sort((a, b) => (a.id < b.id ? -1 : 1))
  return blocks.map((block) => [
    block,
    [...graph.parents(block.id)],
    [...graph.children(block.id)].sort(),
    graph.named(block.name)?.id,
  ])
}

const id = fc.constantFrom(...'abcdefgh')
const edge = fc.record({ parent: id, child: id })
const at = fc.record({ x: fc.integer({ min: -5000, max: 5000 }), y: fc.integer({ min: -5000, max: 5000 }) })
const size = fc.record({ w: fc.integer({ min: 1, max: 900 }), h: fc.integer({ min: 1, max: 900 }) })
const block = fc
  .record({ id, at, name: fc.constantFrom('a', 'b', 'c', 'd', 'x', 'y', '1x') })
  .map((more) => sampleBlock(more.id, more))

const simple: fc.Arbitrary<Change> = fc.oneof(
  fc.record({ op: fc.constant('add' as const), block }),
  fc.record({
    op: fc.constant('paste' as const),
    blocks: fc.array(block, { maxLength: 3 }),
    edges: fc.array(fc.record({ parent: id, child: id, index: fc.nat(3) }), { maxLength: 3 }),
  }),
  fc.record({ op: fc.constant('delete' as const), ids: fc.array(id, { minLength: 1, maxLength: 3 }) }),
  fc.record({ op: fc.constant('move' as const), moves: fc.array(fc.record({ id, at }), { maxLength: 3 }) }),
  fc.record({ op: fc.constant('resize' as const), id, size }),
  fc.record({ op: fc.constant('connect' as const), edge, index: fc.nat(3) }),
  fc.record({ op: fc.constant('disconnect' as const), edge }),
  fc.record({
    op: fc.constant('rename' as const),
    id,
    name: fc.constantFrom('x', 'y', 'z', 'a', '', 'no name'),
  }),
  fc.record({ op: fc.constant('setCode' as const), id, code: fc.string({ maxLength: 5 }) }),
  fc.record({ op: fc.constant('setSettings' as const), id, settings: fc.record({ cpu: fc.nat(8) }) }),
)
export const anyChange: fc.Arbitrary<Change> = fc.oneof(
  { weight: 5, arbitrary: simple },
  {
    weight: 1,
    arbitrary: fc.record({ op: fc.constant('batch' as const), changes: fc.array(simple, { maxLength: 4 }) }),
  },
)
