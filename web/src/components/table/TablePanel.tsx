import { useEffect, useRef, useState } from 'react'
import { addCode } from '../../core/command/add_code'
import { say, setPage, type TablePlace } from '../../core/session/page'
import { sentenceOf } from '../../core/api/problem'
import { tableOf } from '../../core/table/sources'
import { csvOf, everything, shown } from '../../model/table'
import { pandasCode } from '../../model/table_code'
import { rangeOf, windowRows, windowsOf, windowWith } from '../../model/table_window'
import { useBlock, useDesk } from '../canvas/useStore'
import { Filter } from './Filter'
import { Foot } from './Foot'
import { Grid, type Selected } from './Grid'
import { Tools } from './Tools'
import { useOpenTable } from './useTable'
import './table.css'

const mostCopied = 50_000

/** A table of a block's state, over the stage: half of it, or the whole page. */
export default function TablePanel({ place }: { place: TablePlace }) {
  const desk = useDesk()
  const block = useBlock(place.block)
  const table = useOpenTable(() => tableOf(desk.store.id, place.block, place.variable))
  const [full, setFull] = useState(false)
  const [filtering, setFiltering] = useState<number>()
  const [hidden, setHidden] = useState<ReadonlySet<number>>(new Set())
  const [pinned, setPinned] = useState<ReadonlySet<number>>()
  const [first, setFirst] = useState(0)
  const [selected, setSelected] = useState<Selected>()
  const section = useRef<HTMLElement>(null)
  const { about, query } = table
  useEffect(() => section.current?.focus(), [])

  const count = table.count ?? 0
  const span = windowWith(first, count)
  const all = about?.columns.map((_, n) => n) ?? []
  const columns = all.filter((c) => !hidden.has(c))
  const pins = pinned ?? new Set(all.filter((c) => about?.columns[c]!.index !== undefined))
  const order = [...columns.filter((c) => pins.has(c)), ...columns.filter((c) => !pins.has(c))]
  const range = selected && rangeOf(selected.anchor, selected.focus)
  const chosen = range ? order.slice(range.columns.first, range.columns.end) : []

  const ask = (next: typeof query) => {
    setSelected(undefined)
    setFirst(0)
    table.ask(next)
  }
  const goTo = (row: number) => {
    const at = Math.max(0, Math.min(count - 1, row))
    setFirst(at)
    setSelected({ anchor: { row: at, column: 0 }, focus: { row: at, column: 0 } })
  }
  const copy = async () => {
    if (!range || !about) return say('Select cells first: drag, or Shift and arrows.')
    const cells = (range.rows.end - range.rows.first) * chosen.length
    if (cells > mostCopied)
      return say(`${cells.toLocaleString('en')} cells are too many to copy: export them as CSV.`)
    try {
      const rows = await table.copy(range.rows, chosen)
      const [only] = rows
      const one = rows.length === 1 && only?.length === 1 ? shown(only[0]!).text : undefined
      const names = chosen.map((c) => about.columns[c]!.name)
      await navigator.clipboard.writeText(one ?? csvOf(names, rows))
      say(one === undefined ? `Copied ${cells.toLocaleString('en')} cells as CSV.` : 'Copied.')
    } catch (error) {
      say(sentenceOf(error))
    }
  }
  const useAsCode = () => {
    if (!about) return
    addCode(desk, place.block, `${about.variable}_selected`, pandasCode(about.variable, about.columns, query))
    setPage({ table: undefined })
  }
  return (
    <section
      ref={section}
      className={full ? 'tables full' : 'tables'}
      aria-label={`Table ${place.variable}`}
      tabIndex={-1}
      onKeyDown={(event) => {
        if (event.key === 'Escape' && !event.defaultPrevented) setPage({ table: undefined })
        event.stopPropagation()
      }}
    >
      <Tools
        {...{ table, full, hidden, block: block?.name ?? '' }}
        onAsk={ask}
        onFull={() => setFull(!full)}
        onFilter={() => setFiltering(0)}
        onGoTo={goTo}
        onShow={(column) => setHidden(new Set([...hidden].filter((c) => c !== column)))}
        onCopy={() => void copy()}
        onCode={useAsCode}
      />
      {filtering !== undefined && about && (
        <Filter
          key={filtering}
          columns={about.columns}
          column={filtering}
          onAdd={(condition) => {
            setFiltering(undefined)
            ask({ ...query, where: [...query.where, condition] })
          }}
          onClose={() => setFiltering(undefined)}
        />
      )}
      {table.done !== undefined && (
        <div className="work" role="status">
          <progress value={table.done} aria-label="Looking through the table" />
          <span>
            {query.sort.length > 0 ? 'Sorting' : 'Filtering'} {about?.stored_rows.toLocaleString('en')} rows,{' '}
            {Math.round(100 * table.done)} %
          </span>
          <button type="button" onClick={() => ask(everything)}>
            Stop
          </button>
        </div>
      )}
      {table.problem !== undefined && (
        <div className="problem" role="alert">
          <p>{table.problem}</p>
          {about && (
            <button type="button" onClick={() => ask(everything)}>
              Show all rows
            </button>
          )}
        </div>
      )}
      {about && !about.complete && (
        <p className="partly">
          {place.variable} is not stored as a table: these are its first{' '}
          {about.stored_rows.toLocaleString('en')} of {about.rows.toLocaleString('en')} rows. Sort, filter and
          numbers are of these.
        </p>
      )}
      {about ? (
        <Grid
          {...{ table, columns, selected }}
          window={span}
          pinned={pins}
          onSelect={(next) => {
            setSelected(next)
            if (next && (next.focus.row < span.first || next.focus.row >= span.end)) setFirst(next.focus.row)
          }}
          onFilter={setFiltering}
          onPin={(c) => setPinned(new Set(pins.has(c) ? [...pins].filter((p) => p !== c) : [...pins, c]))}
          onHide={(c) => setHidden(new Set([...hidden, c]))}
          onCopy={() => void copy()}
        />
      ) : (
        table.problem === undefined && <p className="partly">Opening…</p>
      )}
      <Foot
        {...{ table, range, span }}
        columns={chosen}
        windows={windowsOf(count)}
        onWindow={(step) => setFirst(span.first + step * windowRows)}
      />
    </section>
  )
}
