import type { Block, BlockId } from './block'
import type { Graph } from './graph'

/** Parents before children; among those that are free, by y, then x, then name. The order of outline and focus. */
export function topological(graph: Graph): Block[] {
  const waiting = new Map<BlockId, number>()
  const free: Block[] = []
  for (const block of graph.blocks()) {
    const parents = graph.parents(block.id).length
    if (parents === 0) free.push(block)
    else waiting.set(block.id, parents)
  }
  heapify(free)
  const out: Block[] = []
  while (free.length > 0) {
    const block = pop(free)
    out.push(block)
    for (const child of graph.children(block.id)) {
      const left = waiting.get(child)! - 1
      waiting.set(child, left)
      if (left === 0) push(free, graph.block(child)!)
    }
  }
  return out
}

/** How many edges the longest way to each block has. */
export function depths(graph: Graph): Map<BlockId, number> {
  const depth = new Map<BlockId, number>()
  for (const block of topological(graph))
    depth.set(
      block.id,
      graph.parents(block.id).reduce((d, parent) => Math.max(d, depth.get(parent)! + 1), 0),
    )
  return depth
}

/** Compare by place: y, then x, then name. */
export function byPlace(a: Block, b: Block): number {
  return a.at.y - b.at.y || a.at.x - b.at.x || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0)
}

// A binary heap: sorting the free blocks anew at each step would be quadratic for a canvas of loose blocks.
function heapify(heap: Block[]): void {
  heap.sort(byPlace)
}
function push(heap: Block[], block: Block): void {
  let i = heap.push(block) - 1
  while (i > 0) {
    const up = (i - 1) >> 1
    if (byPlace(heap[up]!, heap[i]!) <= 0) break
    ;[heap[up], heap[i]] = [heap[i]!, heap[up]!]
    i = up
  }
}
function pop(heap: Block[]): Block {
  const top = heap[0]!
  const last = heap.pop()!
  if (heap.length > 0) {
    heap[0] = last
    for (let i = 0; ;) {
      const left = 2 * i + 1
      const right = left + 1
      let least = i
      if (left < heap.length && byPlace(heap[left]!, heap[least]!) < 0) least = left
      if (right < heap.length && byPlace(heap[right]!, heap[least]!) < 0) least = right
      if (least === i) break
      ;[heap[least], heap[i]] = [heap[i]!, heap[least]!]
      i = least
    }
  }
  return top
}
