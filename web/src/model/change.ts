import { nameProblem, type Block, type BlockId, type Settings } from './block'
import type { Edge, PlacedEdge } from './edge'
import type { Graph } from './graph'
import type { Point, Size } from './rect'
import type { Refusal } from './refusal'

/** An operation on a canvas: what is sent, ordered by the server, broadcast and undone. */
export type Change =
  | { readonly op: 'add'; readonly block: Block }
  | { readonly op: 'paste'; readonly blocks: readonly Block[]; readonly edges: readonly PlacedEdge[] }
  | { readonly op: 'delete'; readonly ids: readonly BlockId[] }
  | { readonly op: 'move'; readonly moves: readonly { readonly id: BlockId; readonly at: Point }[] }
  | { readonly op: 'resize'; readonly id: BlockId; readonly size: Size; readonly at?: Point }
  | { readonly op: 'connect'; readonly edge: Edge; readonly index?: number }
  | { readonly op: 'disconnect'; readonly edge: Edge }
  | { readonly op: 'rename'; readonly id: BlockId; readonly name: string }
  | { readonly op: 'setCode'; readonly id: BlockId; readonly code: string }
  | { readonly op: 'setSettings'; readonly id: BlockId; readonly settings: Settings }
  | { readonly op: 'batch'; readonly changes: readonly Change[] }

export type Applied =
  { readonly ok: true; readonly inverse: Change } | { readonly ok: false; readonly refusal: Refusal }

const refuse = (refusal: Refusal): Applied => ({ ok: false, refusal })
const done = (inverse: Change): Applied => ({ ok: true, inverse })

/** Make a change, all of it or nothing, and return the change that takes it back exactly. */
export function apply(graph: Graph, change: Change): Applied {
  switch (change.op) {
    case 'add':
      return paste(graph, [change.block], [])
    case 'paste':
      return paste(graph, change.blocks, change.edges)
    case 'delete':
      return remove(graph, change.ids)
    case 'move': {
      const missing = change.moves.find((move) => !graph.block(move.id))
      if (missing) return refuse({ reason: 'NO_SUCH_BLOCK', id: missing.id })
      const back = change.moves.map((move) => ({ id: move.id, at: graph.block(move.id)!.at }))
      for (const { id, at } of change.moves) graph.putBlock({ ...graph.block(id)!, at })
      return done({ op: 'move', moves: back.reverse() })
    }
    case 'resize':
      return edit(graph, change.id, (old) => [
        { ...old, size: change.size, at: change.at ?? old.at },
        { op: 'resize', id: old.id, size: old.size, at: old.at },
      ])
    case 'connect':
      return connect(graph, change.edge, change.index)
    case 'disconnect': {
      const index = graph.dropEdge(change.edge)
      if (index < 0) return refuse({ reason: 'NO_SUCH_EDGE', ...change.edge })
      return done({ op: 'connect', edge: change.edge, index })
    }
    case 'rename': {
      const problem = nameProblem(change.name)
      if (problem !== undefined) return refuse({ reason: 'NAME_INVALID', message: problem })
      const other = graph.named(change.name)
      if (other && other.id !== change.id) return refuse({ reason: 'NAME_TAKEN', name: change.name })
      return edit(graph, change.id, (old) => [
        { ...old, name: change.name },
        { op: 'rename', id: old.id, name: old.name },
      ])
    }
    case 'setCode':
      return edit(graph, change.id, (old) => [
        { ...old, code: change.code },
        { op: 'setCode', id: old.id, code: old.code },
      ])
    case 'setSettings':
      return edit(graph, change.id, (old) => [
        { ...old, settings: change.settings },
        { op: 'setSettings', id: old.id, settings: old.settings },
      ])
    case 'batch':
      return batch(graph, change.changes)
  }
}

/** The blocks that a change touches: those whose card, place or edges may look different. */
export function touched(change: Change): BlockId[] {
  switch (change.op) {
    case 'add':
      return [change.block.id]
    case 'paste':
      return [...change.blocks.map((b) => b.id), ...change.edges.flatMap((e) => [e.parent, e.child])]
    case 'delete':
      return [...change.ids]
    case 'move':
      return change.moves.map((move) => move.id)
    case 'connect':
    case 'disconnect':
      return [change.edge.parent, change.edge.child]
    case 'resize':
    case 'rename':
    case 'setCode':
    case 'setSettings':
      return [change.id]
    case 'batch':
      return change.changes.flatMap(touched)
  }
}

function edit(graph: Graph, id: BlockId, make: (old: Block) => [Block, Change]): Applied {
  const old = graph.block(id)
  if (!old) return refuse({ reason: 'NO_SUCH_BLOCK', id })
  const [block, inverse] = make(old)
  graph.putBlock(block)
  return done(inverse)
}

function connect(graph: Graph, edge: Edge, index?: number): Applied {
  for (const id of [edge.parent, edge.child])
    if (!graph.block(id)) return refuse({ reason: 'NO_SUCH_BLOCK', id })
  if (graph.hasEdge(edge)) return refuse({ reason: 'EDGE_EXISTS', ...edge })
  const path = graph.path(edge.child, edge.parent)
  if (path) return refuse({ reason: 'BLOCK_CYCLE', path })
  const note = [edge.parent, edge.child].find((id) => graph.block(id)!.kind === 'markdown')
  if (note !== undefined) return refuse({ reason: 'EDGE_MARKDOWN', id: note })
  graph.putEdge(edge, index)
  return done({ op: 'disconnect', edge })
}

function paste(graph: Graph, blocks: readonly Block[], edges: readonly PlacedEdge[]): Applied {
  const added = new Set<BlockId>()
  const connected: Edge[] = []
  const back = (refusal: Refusal): Applied => {
    for (const edge of connected.reverse()) graph.dropEdge(edge)
    for (const id of added) graph.dropBlock(id)
    return refuse(refusal)
  }
  for (const block of blocks) {
    if (graph.block(block.id)) return back({ reason: 'BLOCK_EXISTS', id: block.id })
    if (graph.named(block.name)) return back({ reason: 'NAME_TAKEN', name: block.name })
    const problem = nameProblem(block.name)
    if (problem !== undefined) return back({ reason: 'NAME_INVALID', message: problem })
    graph.putBlock(block)
    added.add(block.id)
  }
  // Ascending, so that each edge finds the place it had.
  for (const { index, ...edge } of [...edges].sort((a, b) => a.index - b.index)) {
    const result = connect(graph, edge, index)
    if (!result.ok) return back(result.refusal)
    connected.push(edge)
  }
  const strange = connected.filter((edge) => !added.has(edge.parent) && !added.has(edge.child))
  const inverse: Change = { op: 'delete', ids: [...added] }
  if (strange.length === 0) return done(inverse)
  return done({
    op: 'batch',
    changes: [...strange.map((edge) => ({ op: 'disconnect', edge }) as const), inverse],
  })
}

function remove(graph: Graph, ids: readonly BlockId[]): Applied {
  const missing = ids.find((id) => !graph.block(id))
  if (missing !== undefined) return refuse({ reason: 'NO_SUCH_BLOCK', id: missing })
  const unique = [...new Set(ids)]
  const blocks = unique.map((id) => graph.block(id)!)
  const edges = new Map<string, PlacedEdge>()
  for (const id of unique)
    for (const edge of graph.edgesOf(id)) edges.set(`${edge.parent}\n${edge.child}`, edge)
  for (const edge of edges.values()) graph.dropEdge(edge)
  for (const id of unique) graph.dropBlock(id)
  return done({ op: 'paste', blocks, edges: [...edges.values()] })
}

function batch(graph: Graph, changes: readonly Change[]): Applied {
  const inverses: Change[] = []
  for (const change of changes) {
    const result = apply(graph, change)
    if (!result.ok) {
      for (const inverse of inverses) apply(graph, inverse)
      return result
    }
    inverses.unshift(result.inverse)
  }
  return done({ op: 'batch', changes: inverses })
}
