import type { Block, BlockId } from './block'
import type { Point } from './rect'

export type Alignment = 'left' | 'right' | 'top' | 'bottom' | 'across' | 'down'
type Move = { id: BlockId; at: Point }

/** New places: a common side, or (`across`, `down`) equal gaps between the first and the last; the rest stays. */
export function align(blocks: readonly Block[], how: Alignment): Move[] {
  if (blocks.length < 2) return []
  const put = (place: (block: Block) => Partial<Point>) =>
    blocks.flatMap((block) => {
      const at = { ...block.at, ...place(block) }
      return at.x === block.at.x && at.y === block.at.y ? [] : [{ id: block.id, at }]
    })
  const least = (of: (block: Block) => number) => Math.min(...blocks.map(of))
  const most = (of: (block: Block) => number) => Math.max(...blocks.map(of))
  switch (how) {
    case 'left': {
      const x = least((b) => b.at.x)
      return put(() => ({ x }))
    }
    case 'right': {
      const x = most((b) => b.at.x + b.size.w)
      return put((b) => ({ x: x - b.size.w }))
    }
    case 'top': {
      const y = least((b) => b.at.y)
      return put(() => ({ y }))
    }
    case 'bottom': {
      const y = most((b) => b.at.y + b.size.h)
      return put((b) => ({ y: y - b.size.h }))
    }
    case 'across':
    case 'down': {
      const [axis, side] = how === 'across' ? (['x', 'w'] as const) : (['y', 'h'] as const)
      const row = blocks.toSorted((a, b) => a.at[axis] - b.at[axis])
      const begin = row[0]!.at[axis]
      const end = most((b) => b.at[axis] + b.size[side])
      const gap = (end - begin - row.reduce((sum, b) => sum + b.size[side], 0)) / (row.length - 1)
      const places = new Map<BlockId, number>()
      let at = begin
      for (const block of row) {
        places.set(block.id, Math.round(at))
        at += block.size[side] + Math.max(20, gap)
      }
      return put((b) => ({ [axis]: places.get(b.id)! }))
    }
  }
}
