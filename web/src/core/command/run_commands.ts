import type { BlockId } from '../../model/block'
import type { RunMode, RunRequest } from '../../model/plan'
import { neighbour, select } from '../../model/selection'
import { page, selectBlocks } from '../session/page'
import { chosen, focus, needsBlock } from './chosen'
import type { Command, Desk } from './command'
import { addBlock } from './edit'
import { showPlan } from './show_plan'

const modes = [
  ['this', 'Run this block', 'R'],
  ['up_to', 'Run up to here', 'U'],
  ['from', 'Run from here', 'F'],
  ['all', 'Run all', 'A'],
  ['changed', 'Run changed', 'C'],
] as const satisfies readonly (readonly [RunMode, string, string])[]

const run = (mode: RunMode, title: string, letter: string): Command[] =>
  [false, true].map((force) => ({
    id: `run.${mode}${force ? '.force' : ''}`,
    title: force ? `${title}, forced` : title,
    keys: [`R ${force ? 'Shift+' : ''}${letter}`],
    needs: 'runner' as const,
    ...(mode === 'all' || mode === 'changed' ? {} : { why: needsBlock }),
    run: ({ store }) => store.run({ mode, blocks: chosen(), force }),
  }))

function runFocus(desk: Desk): void {
  desk.store.run({ mode: 'this', blocks: chosen(), force: false })
}
let stopWatching = () => {}
/** The error of a block that was left while it ran comes into view, beside the block that was gone to. */
function returnIfItFails({ store, camera }: Desk, ran: BlockId, next: BlockId): void {
  stopWatching()
  const before = store.live(ran).attempt
  stopWatching = store.onBlock(ran, () => {
    const { state, attempt } = store.live(ran)
    if (attempt === before || state === 'queued' || state === 'running') return
    stopWatching()
    if (state === 'failed' && focus() === next) camera.show(ran, next)
  })
}
/** Up to the selected blocks, or what changed if none is. */
const asked = (): RunRequest =>
  page().selection.ids.size > 0
    ? { mode: 'up_to', blocks: chosen(), force: false }
    : { mode: 'changed', blocks: [], force: false }

export const runCommands: readonly Command[] = [
  {
    id: 'run.go',
    title: 'Run and go to child',
    keys: ['Shift+Enter'],
    needs: 'runner',
    why: needsBlock,
    run: (desk) => {
      runFocus(desk)
      const here = focus()!
      const next = neighbour(desk.store.graph, here, 'right')
      if (next !== undefined) selectBlocks(select([next]))
      desk.camera.show(next ?? here)
      if (next !== undefined) returnIfItFails(desk, here, next)
    },
  },
  {
    id: 'run.stay',
    title: 'Run and stay',
    keys: ['Ctrl+Enter'],
    needs: 'runner',
    why: needsBlock,
    run: (desk) => {
      runFocus(desk)
      desk.camera.show(focus()!)
    },
  },
  {
    id: 'run.child',
    title: 'Run and add a child',
    keys: ['Alt+Enter'],
    needs: 'editor',
    why: needsBlock,
    run: (desk) => {
      runFocus(desk)
      const here = focus()!
      addBlock(desk, 'python', { parent: here })
      returnIfItFails(desk, here, focus()!)
    },
  },
  ...modes.flatMap(([mode, title, letter]) => run(mode, title, letter)),
  { id: 'run.plan', title: 'Preview the plan', keys: ['R P'], run: ({ store }) => showPlan(store, asked()) },
  {
    id: 'run.cancel',
    title: 'Cancel the run',
    keys: ['Ctrl+.'],
    needs: 'runner',
    why: ({ store }) => (store.running ? undefined : 'Nothing runs.'),
    run: ({ store }) => store.cancel(),
  },
]
