import { align, type Alignment } from '../../model/align'
import { tidy } from '../../model/layout'
import { chosen, needsBlock } from './chosen'
import type { Command } from './command'
import { attempt } from './edit'

const nudge = (key: string, dx: number, dy: number): Command => ({
  id: `nudge.${key}`,
  title: `Nudge ${key.slice(5).toLowerCase()}`,
  keys: [`Alt+${key}`],
  needs: 'editor',
  why: needsBlock,
  run: (desk) => {
    const moves = chosen().map((id) => {
      const { at } = desk.store.graph.block(id)!
      return { id, at: { x: at.x + dx, y: at.y + dy } }
    })
    attempt(desk, { op: 'move', moves }, `nudge ${chosen().join()}`)
  },
})
const aligned = (how: Alignment, title: string): Command => ({
  id: `align.${how}`,
  title,
  keys: [],
  needs: 'editor',
  why: () => (chosen().length < 2 ? 'Select two blocks or more.' : undefined),
  run: (desk) => {
    const blocks = chosen().map((id) => desk.store.graph.block(id)!)
    const moves = align(blocks, how)
    if (moves.length > 0) attempt(desk, { op: 'move', moves })
  },
})

export const arrangeCommands: readonly Command[] = [
  nudge('ArrowLeft', -20, 0),
  nudge('ArrowRight', 20, 0),
  nudge('ArrowUp', 0, -20),
  nudge('ArrowDown', 0, 20),
  {
    id: 'tidy',
    title: 'Tidy',
    keys: ['T'],
    needs: 'editor',
    run: (desk) => {
      const { graph } = desk.store
      const ids = chosen().length > 1 ? new Set(chosen()) : new Set([...graph.blocks()].map((b) => b.id))
      const moves = tidy(graph, ids)
      if (moves.length > 0) attempt(desk, { op: 'move', moves })
    },
  },
  aligned('left', 'Align left'),
  aligned('right', 'Align right'),
  aligned('top', 'Align top'),
  aligned('bottom', 'Align bottom'),
  aligned('across', 'Same gaps across'),
  aligned('down', 'Same gaps down'),
]
