import type { Kind } from '../../model/block'
import { edgeOf } from '../../model/edge'
import { topological } from '../../model/order'
import { neighbour, select, type Direction } from '../../model/selection'
import { copies } from '../canvas/store'
import { page, say, selectBlocks, setPage } from '../session/page'
import { prefer } from '../session/preferences'
import { arrangeCommands } from './arrange_commands'
import { chosen, focus, needsBlock } from './chosen'
import type { Command } from './command'
import { addBlock, attempt, deleteBlocks, sayDone } from './edit'
import { addable, kindWords } from './kinds'
import { renameCommand } from './rename'
import { runCommands } from './run_commands'
import { nextRegion } from './regions'
import { exportCanvas } from '../files/export_canvas'
import { navigate } from '../session/route'

const places = { left: 'parent', right: 'child', up: 'block above', down: 'block below' }
const go = (direction: Direction, keys: string[], extend = false): Command => ({
  id: `go.${direction}${extend ? '.extend' : ''}`,
  title: `${extend ? 'Select' : 'Go to'} ${places[direction]}${extend ? ', too' : ''}`,
  keys: extend ? keys.map((key) => `Shift+${key}`) : keys,
  run: ({ store, camera }) => {
    const from = focus()
    const next =
      from === undefined ? topological(store.graph)[0]?.id : neighbour(store.graph, from, direction)
    if (next === undefined) return
    selectBlocks(select(extend && from !== undefined ? [...page().selection.ids, next] : [next], next))
    camera.show(next)
  },
})

const add = (kind: Kind, key: string): Command => ({
  id: `add.${kind}`,
  title: `Add ${kindWords[kind]}`,
  keys: [key],
  needs: 'editor',
  run: (desk) => addBlock(desk, kind),
})

const flip = (name: 'panel' | 'inspector' | 'drawer', title: string, key: string): Command => ({
  id: `show.${name}`,
  title,
  keys: [key],
  run: () => setPage({ [name]: !page()[name] }),
})

export const commands: readonly Command[] = [
  ...runCommands,
  {
    id: 'edit',
    title: 'Edit the code',
    keys: ['Enter'],
    needs: 'editor',
    why: needsBlock,
    run: ({ camera }) => {
      setPage({ editing: focus() })
      camera.show(focus()!)
    },
  },
  renameCommand,
  {
    id: 'insert.parent',
    title: 'Insert a parent',
    keys: ['A'],
    needs: 'editor',
    why: needsBlock,
    run: (desk) => {
      const child = desk.store.graph.block(focus()!)!.name
      if (addBlock(desk, 'python', { child: focus()! }))
        sayDone(desk.store, `A block was added above \`${child}\`.`)
    },
  },
  {
    id: 'insert.child',
    title: 'Insert a child',
    keys: ['B'],
    needs: 'editor',
    why: needsBlock,
    run: (desk) => addBlock(desk, 'python', { parent: focus()! }),
  },
  ...addable.map(([kind, key]) => add(kind, key)),
  {
    id: 'duplicate',
    title: 'Duplicate',
    keys: ['D'],
    needs: 'editor',
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
    needs: 'editor',
    why: () => (page().edge === undefined ? needsBlock() : undefined),
    run: (desk) => {
      const { edge } = page()
      if (edge === undefined) return deleteBlocks(desk, chosen())
      attempt(desk, { op: 'disconnect', edge: edgeOf(edge) })
      setPage({ edge: undefined })
    },
  },
  {
    id: 'undo',
    title: 'Undo',
    keys: ['Z', 'Ctrl+Z'],
    needs: 'editor',
    run: ({ store }) => void (store.undo() || say('Nothing to undo.')),
  },
  {
    id: 'redo',
    title: 'Redo',
    keys: ['Shift+Z', 'Ctrl+Shift+Z'],
    needs: 'editor',
    run: ({ store }) => void (store.redo() || say('Nothing to redo.')),
  },
  ...[false, true].flatMap((extend) => [
    go('left', ['ArrowLeft', 'H'], extend),
    go('right', ['ArrowRight', 'L'], extend),
    go('up', ['ArrowUp', 'K'], extend),
    go('down', ['ArrowDown', 'J'], extend),
  ]),
  ...arrangeCommands,
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
    id: 'connect',
    title: 'Connect to a child',
    keys: ['E'],
    needs: 'editor',
    why: needsBlock,
    run: () => setPage({ dialog: 'connect' }),
  },
  {
    id: 'full',
    title: 'Output full screen',
    keys: ['Space'],
    why: ({ store }) =>
      needsBlock() ?? (store.live(focus()!).outputs.length > 0 ? undefined : 'It shows nothing yet.'),
    run: () => setPage({ dialog: 'full' }),
  },
  {
    id: 'minimap',
    title: 'Show or hide the minimap',
    keys: [],
    run: () => setPage({ minimap: !page().minimap }),
  },
  { id: 'region', title: 'Next region', keys: ['F6'], run: () => nextRegion(1) },
  { id: 'region.back', title: 'Region before', keys: ['Shift+F6'], run: () => nextRegion(-1) },
  {
    id: 'palette',
    title: 'Find a command or block',
    keys: ['Ctrl+K', '/'],
    run: () => setPage({ dialog: 'palette' }),
  },
  {
    id: 'export',
    title: 'Export the canvas as .zip',
    also: 'download save',
    keys: [],
    run: ({ store }) => exportCanvas(store.id),
  },
  { id: 'home', title: 'All canvases', also: 'home', keys: [], run: () => navigate('/') },
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
