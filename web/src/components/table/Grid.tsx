import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react'
import type { OpenTable } from '../../core/table/open_table'
import { shown, turned } from '../../model/table'
import {
  inSight,
  isIn,
  moved,
  placed,
  rangeOf,
  rowHeight,
  rowsIn,
  type Cell,
  type Placed,
  type Range,
  type Span,
} from '../../model/table_window'
import { ColumnHead } from './ColumnHead'
import { alignOf, headHeight, numberWidth, widthOf } from './layout'

export interface Selected {
  readonly anchor: Cell
  readonly focus: Cell
}
interface Props {
  table: OpenTable
  /** Rows that the scroll bar covers. */
  window: Span
  columns: readonly number[]
  pinned: ReadonlySet<number>
  selected: Selected | undefined
  onSelect: (selected: Selected | undefined) => void
  onFilter: (column: number) => void
  onPin: (column: number) => void
  onHide: (column: number) => void
  onCopy: () => void
}
/** The cells in sight, and no others. One tab stop; arrows move, Shift extends. */
export function Grid(props: Props) {
  const { table, window: span, columns, pinned, selected, onSelect, onCopy } = props
  const about = table.about!
  const box = useRef<HTMLDivElement>(null)
  const [place, setPlace] = useState({ top: 0, left: 0, width: 1200, height: 600 })
  const kept = useMemo(() => columns.filter((c) => pinned.has(c)), [columns, pinned])
  const rest = useMemo(() => columns.filter((c) => !pinned.has(c)), [columns, pinned])
  const order = useMemo(() => [...kept, ...rest], [kept, rest])
  const count = table.count ?? 0
  const numbers = numberWidth(about.stored_rows)
  const pins = useMemo(() => placed(kept, (c) => widthOf(about.columns[c]!)), [kept, about])
  const others = useMemo(() => placed(rest, (c) => widthOf(about.columns[c]!)), [rest, about])
  const pinnedWidth = numbers + (pins.at(-1) ? pins.at(-1)!.left + pins.at(-1)!.width : 0)
  const last = others.at(-1)
  const width = pinnedWidth + (last ? last.left + last.width : 0)
  const rows = rowsIn(span, place.top, place.height - headHeight)
  const seen = inSight(others, place.left, place.width - pinnedWidth)
  const range = selected && rangeOf(selected.anchor, selected.focus)

  useLayoutEffect(() => {
    const element = box.current!
    const measure = () =>
      setPlace({
        top: element.scrollTop,
        left: element.scrollLeft,
        width: element.clientWidth,
        height: element.clientHeight,
      })
    const observer = new ResizeObserver(measure)
    observer.observe(element)
    measure()
    return () => observer.disconnect()
  }, [])
  useEffect(() => {
    const timer = setTimeout(() => table.see(rows), 40)
    return () => clearTimeout(timer)
  }, [table, table.query, rows.first, rows.end, table.count]) // eslint-disable-line react-hooks/exhaustive-deps
  useEffect(() => {
    box.current!.scrollTop = 0
  }, [span.first, table.query])
  useEffect(() => {
    if (!selected) return
    const element = box.current!
    const top = (selected.focus.row - span.first) * rowHeight
    const bottom = top + rowHeight - (element.clientHeight - headHeight)
    if (top < element.scrollTop) element.scrollTop = top
    else if (bottom > element.scrollTop) element.scrollTop = bottom
    const column = others[selected.focus.column - kept.length]
    if (!column) return
    const right = column.left + column.width - (element.clientWidth - pinnedWidth)
    if (column.left < element.scrollLeft) element.scrollLeft = column.left
    else if (right > element.scrollLeft) element.scrollLeft = right
  }, [selected, span.first, others, kept.length, pinnedWidth])

  const cellAt = (event: React.PointerEvent): Cell | undefined => {
    const data = (event.target as HTMLElement).closest<HTMLElement>('[data-row]')?.dataset
    return data && { row: Number(data.row), column: Number(data.column) }
  }
  const onKeyDown = (event: React.KeyboardEvent) => {
    if (event.target !== box.current) return
    const control = event.ctrlKey || event.metaKey
    if (control && event.key === 'c') return onCopy()
    if (control && event.key === 'a') {
      event.preventDefault()
      const end = { row: span.end - 1, column: order.length - 1 }
      return onSelect({ anchor: { row: span.first, column: 0 }, focus: end })
    }
    if (event.key === 'Escape' && selected) {
      event.stopPropagation()
      return onSelect(undefined)
    }
    const from = selected?.focus ?? { row: span.first + Math.floor(place.top / rowHeight) - 1, column: 0 }
    const page = Math.max(1, Math.floor((place.height - headHeight) / rowHeight) - 1)
    const to = moved(from, event.key, control, count, order.length, page)
    if (!to || count === 0) return
    event.preventDefault()
    onSelect({ anchor: event.shiftKey && selected ? selected.anchor : to, focus: to })
  }

  const headOf = (column: number, style: React.CSSProperties) => (
    <ColumnHead
      key={column}
      column={about.columns[column]!}
      number={column}
      place={order.indexOf(column) + 1}
      style={style}
      sort={table.query.sort}
      summary={table.summary(column)}
      pinned={pinned.has(column)}
      onSort={(also) => table.ask({ ...table.query, sort: turned(table.query.sort, column, also) })}
      onOrder={(descending) => table.ask({ ...table.query, sort: [{ column, descending }] })}
      onFilter={() => props.onFilter(column)}
      onPin={() => props.onPin(column)}
      onHide={() => props.onHide(column)}
    />
  )
  const body: React.ReactNode[] = []
  for (let row = rows.first; row < rows.end; row++)
    body.push(
      <Row
        key={row}
        {...{ table, row, numbers, pins, seen, order, range, pinnedWidth, width }}
        top={headHeight + (row - span.first) * rowHeight}
        focus={selected?.focus}
      />,
    )
  return (
    <div
      ref={box}
      className="grid nowheel"
      role="grid"
      tabIndex={0}
      aria-label={`${about.variable}, ${count} rows`}
      aria-rowcount={count + 1}
      aria-colcount={order.length + 1}
      aria-activedescendant={selected && `cell-${selected.focus.row}-${selected.focus.column}`}
      aria-multiselectable
      onScroll={(event) => {
        const { scrollTop: top, scrollLeft: left } = event.currentTarget
        setPlace((old) => ({ ...old, top, left }))
      }}
      onKeyDown={onKeyDown}
      onPointerDown={(event) => {
        const cell = event.button === 0 ? cellAt(event) : undefined
        if (cell) onSelect({ anchor: event.shiftKey && selected ? selected.anchor : cell, focus: cell })
      }}
      onPointerMove={(event) => {
        const cell = event.buttons === 1 && selected ? cellAt(event) : undefined
        if (cell && (cell.row !== selected!.focus.row || cell.column !== selected!.focus.column))
          onSelect({ anchor: selected!.anchor, focus: cell })
      }}
    >
      <div role="presentation" style={{ width, height: headHeight + (span.end - span.first) * rowHeight }} />
      <div role="row" aria-rowindex={1} className="heads" style={{ width, height: headHeight }}>
        <div role="presentation" className="pins" style={{ width: pinnedWidth }}>
          <div role="columnheader" aria-colindex={1} className="head corner" style={{ width: numbers }}>
            <span className="type">row</span>
          </div>
          {pins.map((one) => headOf(one.column, { left: numbers + one.left, width: one.width }))}
        </div>
        {seen.map((one) => headOf(one.column, { left: pinnedWidth + one.left, width: one.width }))}
      </div>
      {body}
    </div>
  )
}

interface RowProps {
  table: OpenTable
  row: number
  top: number
  width: number
  numbers: number
  pinnedWidth: number
  pins: readonly Placed[]
  seen: readonly Placed[]
  order: readonly number[]
  range: Range | undefined
  focus: Cell | undefined
}
function Row({ table, row, top, width, numbers, pinnedWidth, pins, seen, order, range, focus }: RowProps) {
  const { columns } = table.about!
  const cell = (one: Placed, left: number) => {
    const at = order.indexOf(one.column)
    const value = table.value(row, one.column)
    const { text, word } = value === undefined ? { text: '', word: false } : shown(value)
    const chosen = range !== undefined && isIn(range, row, at)
    const names = [
      alignOf(columns[one.column]!),
      columns[one.column]!.index !== undefined && 'index',
      chosen && 'chosen',
      focus?.row === row && focus.column === at && 'focus',
      value === undefined && 'waiting',
    ]
    return (
      <div
        key={one.column}
        id={`cell-${row}-${at}`}
        role="gridcell"
        aria-colindex={at + 2}
        aria-selected={chosen}
        data-row={row}
        data-column={at}
        className={names.filter(Boolean).join(' ')}
        style={{ left, width: one.width }}
        title={text.length > 24 ? text : undefined}
      >
        {word ? <i>{text}</i> : text}
      </div>
    )
  }
  const number = table.numberOf(row)
  return (
    <div
      role="row"
      aria-rowindex={row + 2}
      className={row % 2 === 1 ? 'row odd' : 'row'}
      style={{ top, width, height: rowHeight }}
    >
      <div role="presentation" className="pins" style={{ width: pinnedWidth }}>
        <div role="rowheader" aria-colindex={1} className="cell rownumber" style={{ width: numbers }}>
          {number?.toLocaleString('en') ?? ''}
        </div>
        {pins.map((one) => cell(one, numbers + one.left))}
      </div>
      {seen.map((one) => cell(one, pinnedWidth + one.left))}
    </div>
  )
}
