import { useMemo, useState } from 'react'
import { topological } from '../../model/order'
import { select } from '../../model/selection'
import { commandNamed } from '../../core/command/commands'
import { selectBlocks, usePage } from '../../core/session/page'
import type { Block } from '../../model/block'
import type { Live } from '../../core/run/live'
import { BlockActs } from '../canvas/BlockActs'
import { StateIcon, stateWords } from '../canvas/state_look'
import { useBlock, useDesk, useDoubt, useLive, useMayNot, useVersion } from '../canvas/useStore'
import './outline.css'

const chips = { python: 'Py', sql: 'SQL', r: 'R', markdown: 'Md', gather: 'Ga' }
const menu = [
  ...['edit', 'rename', 'run.up_to', 'run.from', 'full', 'insert.child', 'connect'],
  ...['nudge.ArrowLeft', 'nudge.ArrowRight', 'nudge.ArrowUp', 'nudge.ArrowDown', 'delete'],
]
const noteMenu = menu.filter((id) => !/^(run|full|insert|connect)/.test(id))
const rowHeight = 30
const above = 8

/** Every block as a list, parents first: the alternative to the stage. Only the rows in view are in the DOM. */
export function Outline() {
  const { store } = useDesk()
  const version = useVersion()
  const [top, setTop] = useState(0)
  // eslint-disable-next-line react-hooks/exhaustive-deps -- the graph changes in place, the version tells
  const blocks = useMemo(() => topological(store.graph), [store, version])
  const first = Math.max(0, Math.floor(top / rowHeight) - above)
  const shown = blocks.slice(first, first + 60)
  return (
    <section className="outline" aria-label="Outline">
      <h2>
        Outline <small>{blocks.length === 1 ? '1 block' : `${blocks.length} blocks`}</small>
      </h2>
      {blocks.length === 0 && <p>Blocks are listed here, each after those whose variables it has.</p>}
      <div className="rows" onScroll={(event) => setTop(event.currentTarget.scrollTop)}>
        <ul style={{ height: blocks.length * rowHeight }}>
          {shown.map((block, i) => (
            <Row key={block.id} id={block.id} block={block} top={(first + i) * rowHeight} />
          ))}
        </ul>
      </div>
    </section>
  )
}

function Row({ id, block: known, top }: { id: string; block: Block; top: number }) {
  const desk = useDesk()
  const { store, camera } = desk
  const mayEdit = useMayNot('editor') === undefined
  const block = useBlock(id) ?? known
  const live = useLive(id)
  const state = useDoubt(id) ? 'may_change' : live.state
  const selected = usePage((p) => p.selection.ids.has(id))
  const parents = store.graph.parents(id).map((parent) => store.graph.block(parent)!.name)
  const note = block.kind === 'markdown'
  const failure = live.state === 'failed' ? failureOf(live) : undefined
  const words = [
    ...[block.name, block.kind, !note && stateWords[state], failure],
    parents.length > 0 && `after ${parents.join(' and ')}`,
  ]
  const go = () => {
    selectBlocks(select([id]))
    camera.focus(id)
  }
  return (
    <li style={{ top }} className={selected ? 'selected' : ''}>
      <button
        className="row"
        aria-current={selected || undefined}
        aria-label={words.filter(Boolean).join(', ')}
        title={failure ?? block.name}
        onClick={go}
        onKeyDown={(event) => {
          if (event.key !== 'Enter' || !selected || held(event) || !mayEdit) return
          event.preventDefault()
          selectBlocks(select([id]))
          commandNamed('edit').run(desk)
        }}
      >
        <span className={`kind ${block.kind}`} data-chip={chips[block.kind]} />
        <span className="name">{block.name}</span>
        {failure !== undefined && <small data-why={failure} />}
        {!note && (
          <span className={`state ${state}`} title={stateWords[state]}>
            <StateIcon state={state} />
          </span>
        )}
      </button>
      {/* Tab goes from row to row; what can be done with a block is in the way of the selected one only. */}
      <BlockActs block={block} menu={note ? noteMenu : menu} reached={selected} className="acts" />
    </li>
  )
}

const held = (event: React.KeyboardEvent) => event.shiftKey || event.ctrlKey || event.metaKey || event.altKey

/** `Line 2: ZeroDivisionError: division by zero` */
function failureOf({ outputs, reason }: Live): string {
  const error = outputs.find((output) => output.type === 'error')
  if (!error) return reason
  return `${error.line === null ? '' : `Line ${error.line}: `}${error.ename}: ${error.evalue.split('\n')[0]}`
}
