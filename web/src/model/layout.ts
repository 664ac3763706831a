import type { Block, BlockId } from './block'
import type { Graph } from './graph'
import { byPlace, topological } from './order'
import type { Point } from './rect'

const gap = { x: 60, y: 40 }

/** New places for the given blocks: columns by depth, in each the order that crosses fewest edges; the rest stays. */
export function tidy(graph: Graph, ids: ReadonlySet<BlockId>): { id: BlockId; at: Point }[] {
  const chosen = topological(graph).filter((block) => ids.has(block.id))
  if (chosen.length < 2) return []
  const columns = columnsOf(graph, chosen)
  const left = Math.min(...chosen.map((b) => b.at.x))
  const top = Math.min(...chosen.map((b) => b.at.y))
  const heights = columns.map((column) => column.reduce((h, b) => h + b.size.h + gap.y, -gap.y))
  const tallest = Math.max(...heights)
  const moves: { id: BlockId; at: Point }[] = []
  let x = left
  columns.forEach((column, i) => {
    let y = top + Math.round((tallest - heights[i]!) / 2)
    for (const block of column) {
      if (block.at.x !== x || block.at.y !== y) moves.push({ id: block.id, at: { x, y } })
      y += block.size.h + gap.y
    }
    x += Math.max(...column.map((b) => b.size.w)) + gap.x
  })
  return moves
}

function columnsOf(graph: Graph, chosen: readonly Block[]): Block[][] {
  const depth = new Map<BlockId, number>()
  const columns: Block[][] = []
  for (const block of chosen) {
    const d = graph.parents(block.id).reduce((m, p) => Math.max(m, (depth.get(p) ?? -1) + 1), 0)
    depth.set(block.id, d)
    ;(columns[d] ??= []).push(block)
  }
  const row = new Map<BlockId, number>()
  for (const column of columns) {
    const weight = new Map(
      column.map((block) => {
        const rows = graph.parents(block.id).flatMap((p) => row.get(p) ?? [])
        return [block.id, rows.length ? rows.reduce((a, b) => a + b, 0) / rows.length : Infinity]
      }),
    )
    column.sort((a, b) => {
      const [wa, wb] = [weight.get(a.id)!, weight.get(b.id)!]
      return (wa === wb ? 0 : wa - wb) || byPlace(a, b)
    })
    column.forEach((block, i) => row.set(block.id, i))
  }
  return columns
}
