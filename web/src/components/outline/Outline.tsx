import { useMemo, useState } from 'react'
import { topological } from '../../model/order'
import { select } from '../../model/selection'
import { selectBlocks, usePage } from '../../core/session/page'
import type { Block } from '../../model/block'
import { StateIcon, stateWords } from '../canvas/state_look'
import { useBlock, useDesk, useLive, useVersion } from '../canvas/useStore'
import './outline.css'

const chips = { python: 'Py', sql: 'SQL', r: 'R', markdown: 'Md', gather: 'Ga' }
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
        Outline <small>{blocks.length} blocks</small>
      </h2>
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
  const { store, camera } = useDesk()
  const block = useBlock(id) ?? known
  const live = useLive(id)
  const selected = usePage((p) => p.selection.ids.has(id))
  const parents = store.graph.parents(id).map((parent) => store.graph.block(parent)!.name)
  const note = block.kind === 'markdown'
  const go = () => {
    selectBlocks(select([id]))
    camera.focus(id)
  }
  return (
    <li style={{ top }}>
      <button
        className={selected ? 'selected' : ''}
        aria-current={selected || undefined}
        aria-label={`${block.name}, ${block.kind}${note ? '' : `, ${stateWords[live.state]}`}${parents.length ? `, after ${parents.join(' and ')}` : ''}`}
        onClick={go}
      >
        <span className={`kind ${block.kind}`} data-chip={chips[block.kind]} />
        <span className="name">{block.name}</span>
        {!note && (
          <span className={`state ${live.state}`} title={stateWords[live.state]}>
            <StateIcon state={live.state} />
          </span>
        )}
      </button>
    </li>
  )
}
