import type { Block } from '../../model/block'
import type { Change } from '../../model/change'
import type { PlacedEdge } from '../../model/edge'
import type { Schemas } from '../api/client'

/** Changes as contracts/openapi.yaml has them: sizes have long names there, and the last place among parents is none. */
export type WireChange = Schemas['Change']
type WireBlock = Schemas['Block']

export function toWire(change: Change): WireChange {
  switch (change.op) {
    case 'add':
      return { op: 'add', block: blockToWire(change.block) }
    case 'paste':
      return { op: 'paste', blocks: change.blocks.map(blockToWire), edges: change.edges.map(edgeToWire) }
    case 'resize': {
      const { op, id, at } = change
      const size = { width: change.size.w, height: change.size.h }
      return at ? { op, id, size, at } : { op, id, size }
    }
    case 'connect': {
      const { edge, index } = change
      return index === undefined || !Number.isFinite(index)
        ? { op: 'connect', edge }
        : { op: 'connect', edge, index }
    }
    case 'batch':
      return { op: 'batch', changes: change.changes.map(toWire) }
    case 'delete':
      return { op: 'delete', ids: [...change.ids] }
    case 'move':
      return { op: 'move', moves: [...change.moves] }
    case 'disconnect':
    case 'rename':
    case 'setCode':
    case 'setSettings':
      return change
  }
}

export function fromWire(change: WireChange): Change {
  switch (change.op) {
    case 'add':
      return { op: 'add', block: blockFromWire(change.block) }
    case 'paste':
      return {
        op: 'paste',
        blocks: change.blocks.map(blockFromWire),
        edges: change.edges.map((edge) => ({ ...edge, index: edge.index ?? Infinity })),
      }
    case 'resize': {
      const { op, id, at } = change
      const size = { w: change.size.width, h: change.size.height }
      return at ? { op, id, size, at } : { op, id, size }
    }
    case 'batch':
      return { op: 'batch', changes: change.changes.map(fromWire) }
    default:
      return change
  }
}

export function blockFromWire({ id, kind, name, code, at, size, settings }: WireBlock): Block {
  return { id, kind, name, code, at, size: { w: size.width, h: size.height }, settings }
}
export function blockToWire({ id, kind, name, code, at, size, settings }: Block): WireBlock {
  // The server refuses kinds that it does not have yet, with a sentence.
  const known = kind as WireBlock['kind']
  return { id, kind: known, name, code, at, size: { width: size.w, height: size.h }, settings }
}
function edgeToWire({ index, ...edge }: PlacedEdge) {
  return Number.isFinite(index) ? { ...edge, index } : edge
}
