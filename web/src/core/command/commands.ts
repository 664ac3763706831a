import type { BlockId, Kind } from '../../model/block'
import { tidy } from '../../model/layout'
import type { RunMode } from '../../model/plan'
import { neighbour, select, type Direction } from '../../model/selection'
import { copies } from '../canvas/store'
import { page, say, selectBlocks, setPage } from '../session/page'
import { prefer } from '../session/preferences'
import type { Command, Desk } from './command'
import { addBlock, attempt } from './edit'

const kindNames: Record<Kind, string> = {
  python: 'Python',
  sql: 'SQL',
  r: 'R',
  markdown: 'note',
  gather: 'gather',
}
const focus = () => page().selection.focus
const chosen = () => [...page().selection.ids]
const needsBlock = () => (focus() === undefined ? 'Select a block first.' : undefined)

const run = (mode: RunMode, title: string, letter: string): Command[] =>
  [false, true].map((force) => ({
    id: `run.${mode}${force ? '.force' : ''}`,
    title: force ? `${title}, forced` : title,
    keys: [`R ${force ? 'Shift+' : ''}${letter}`],
    ...(mode === 'all' || mode === 'changed' ? {} : { why: needsBlock }),
    run: ({ store }) => store.run({ mode, blocks: chosen(), force }),
  }))

const go = (direction: Direction, keys: string[]): Command => ({
  id: `go.${direction}`,
  title: { left: 'Go to parent', right: 'Go to child', up: 'Go to block above', down: 'Go to block below' }[
    direction
  ],
  keys: keys.flatMap((key) => [key, `Shift+${key}`]),
  why: needsBlock,
  run: ({ store, camera }) => {
    const next = neighbour(store.graph, focus()!, direction)
    if (next === undefined) return
    selectBlocks(select([next]))
    camera.focus(next)
  },
})

const nudge = (key: string, dx: number, dy: number): Command => ({
  id: `nudge.${key}`,
  title: `Nudge ${key.slice(5).toLowerCase()}`,
  keys: [`Alt+${key}`],
  why: needsBlock,
  run: (desk) => {
    const moves = chosen().map((id) => {
      const { at } = desk.store.graph.block(id)!
      return { id, at: { x: at.x + dx, y: at.y + dy } }
    })
    attempt(desk, { op: 'move', moves }, `nudge ${chosen().join()}`)
  },
})

const add = (kind: Kind, key: string): Command => ({
  id: `add.${kind}`,
  title: `Add ${kindNames[kind]}`,
  keys: [key],
  run: (desk) => addBlock(desk, kind),
})

const flip = (name: 'panel' | 'inspector' | 'drawer', title: string, key: string): Command => ({
  id: `show.${name}`,
  title,
  keys: [key],
  run: () => setPage({ [name]: !page()[name] }),
})

function runFocus(desk: Desk): void {
  desk.store.run({ mode: 'this', blocks: chosen(), force: false })
}

export const commands: readonly Command[] = [
  {
    id: 'run.go',
    title: 'Run and go to child',
    keys: ['Shift+Enter'],
    why: needsBlock,
    run: (desk) => {
      runFocus(desk)
      const next = neighbour(desk.store.graph, focus()!, 'right')
      if (next !== undefined) selectBlocks(select([next]))
    },
  },
  { id: 'run.stay', title: 'Run and stay', keys: ['Ctrl+Enter'], why: needsBlock, run: runFocus },
  ...run('this', 'Run this block', 'R'),
  ...run('up_to', 'Run up to here', 'U'),
  ...run('from', 'Run from here', 'F'),
  ...run('all', 'Run all', 'A'),
  ...run('changed', 'Run changed', 'C'),
  {
    id: 'run.cancel',
    title: 'Cancel the run',
    keys: ['Ctrl+.'],
    why: ({ store }) => (store.running ? undefined : 'Nothing runs.'),
    run: ({ store }) => store.cancel(),
  },
  {
    id: 'edit',
    title: 'Edit the code',
    keys: ['Enter'],
    why: needsBlock,
    run: () => setPage({ editing: focus() }),
  },
  {
    id: 'insert.parent',
    title: 'Insert a parent',
    keys: ['A'],
    why: needsBlock,
    run: (desk) => addBlock(desk, 'python', { child: focus()! }),
  },
  {
    id: 'insert.child',
    title: 'Insert a child',
    keys: ['B'],
    why: needsBlock,
    run: (desk) => addBlock(desk, 'python', { parent: focus()! }),
  },
  add('python', '1'),
  add('sql', '2'),
  add('r', '3'),
  add('markdown', '4'),
  {
    id: 'duplicate',
    title: 'Duplicate',
    keys: ['D'],
    why: needsBlock,
    run: (desk) => {
      const blocks = chosen().map((id) => desk.store.graph.block(id)!)
      const paste = copies(desk.store.graph, blocks, 40, 40)
      if (attempt(desk, paste) && paste.op === 'paste') selectBlocks(select(paste.blocks.map((b) => b.id)))
    },
  },
  {
    id: 'delete',
    title: 'Delete',
    keys: ['Delete', 'Backspace'],
    why: () => (page().edge === undefined ? needsBlock() : undefined),
    run: (desk) => {
      const { edge } = page()
      if (edge === undefined) attempt(desk, { op: 'delete', ids: chosen() })
      else {
        const [parent, child] = edge.split('\n') as [BlockId, BlockId]
        attempt(desk, { op: 'disconnect', edge: { parent, child } })
        setPage({ edge: undefined })
      }
    },
  },
  {
    id: 'undo',
    title: 'Undo',
    keys: ['Z', 'Ctrl+Z'],
    run: ({ store }) => void (store.undo() || say('Nothing to undo.')),
  },
  {
    id: 'redo',
    title: 'Redo',
    keys: ['Shift+Z', 'Ctrl+Shift+Z'],
    run: ({ store }) => void (store.redo() || say('Nothing to redo.')),
  },
  go('left', ['ArrowLeft', 'H']),
  go('right', ['ArrowRight', 'L']),
  go('up', ['ArrowUp', 'K']),
  go('down', ['ArrowDown', 'J']),
  nudge('ArrowLeft', -20, 0),
  nudge('ArrowRight', 20, 0),
  nudge('ArrowUp', 0, -20),
  nudge('ArrowDown', 0, 20),
  {
    id: 'focus',
    title: 'Focus the block',
    keys: ['F'],
    why: needsBlock,
    run: ({ camera }) => camera.focus(focus()!),
  },
  { id: 'fit', title: 'Fit all', keys: ['Shift+F', '0'], run: ({ camera }) => camera.fit() },
  { id: 'zoom.in', title: 'Zoom in', keys: ['+', '='], run: ({ camera }) => camera.zoomBy(1.25) },
  { id: 'zoom.out', title: 'Zoom out', keys: ['-'], run: ({ camera }) => camera.zoomBy(0.8) },
  {
    id: 'tidy',
    title: 'Tidy',
    keys: ['T'],
    run: (desk) => {
      const { graph } = desk.store
      const ids = chosen().length > 1 ? new Set(chosen()) : new Set([...graph.blocks()].map((b) => b.id))
      const moves = tidy(graph, ids)
      if (moves.length > 0) attempt(desk, { op: 'move', moves })
    },
  },
  {
    id: 'problem',
    title: 'Next problem',
    keys: ['N'],
    run: ({ store, camera }) => {
      const failed = [...store.graph.blocks()].filter((b) => store.live(b.id).state === 'failed')
      const next = failed[(failed.findIndex((b) => b.id === focus()) + 1) % failed.length]
      if (!next) return say('No block has failed.')
      selectBlocks(select([next.id]))
      camera.focus(next.id)
    },
  },
  {
    id: 'fold',
    title: 'Fold the code',
    keys: ['O'],
    why: needsBlock,
    run: () => {
      const folded = new Set(page().folded)
      for (const id of chosen()) if (!folded.delete(id)) folded.add(id)
      setPage({ folded })
    },
  },
  {
    id: 'select.all',
    title: 'Select all',
    keys: ['Ctrl+A'],
    run: ({ store }) => selectBlocks(select([...store.graph.blocks()].map((b) => b.id))),
  },
  {
    id: 'palette',
    title: 'Find a command or block',
    keys: ['Ctrl+K', '/'],
    run: () => setPage({ dialog: 'palette' }),
  },
  { id: 'keys', title: 'All keys', keys: ['?'], run: () => setPage({ dialog: 'keys' }) },
  flip('panel', 'Show or hide the outline', 'Ctrl+B'),
  flip('inspector', 'Show or hide the inspector', 'Ctrl+I'),
  flip('drawer', 'Show or hide the drawer', 'Ctrl+J'),
  {
    id: 'theme',
    title: 'Switch between light and dark',
    keys: [],
    run: () => prefer({ theme: page().theme === 'light' ? 'dark' : 'light' }),
  },
]

export function commandNamed(id: string): Command {
  return commands.find((command) => command.id === id)!
}
