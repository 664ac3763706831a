import { ArrowDown, ArrowUp, EllipsisVertical } from 'lucide-react'
import type { Summary } from '../../core/table/table_source'
import type { Sort, TableColumn } from '../../model/table'
import { Button } from '../ui/Button'
import { Menu } from '../ui/Menu'
import { Bars } from './Bars'

interface Props {
  column: TableColumn
  /** Among the columns that are shown, from 1. */
  place: number
  style: React.CSSProperties
  sort: readonly Sort[]
  number: number
  summary: Summary | undefined
  pinned: boolean
  onSort: (also: boolean) => void
  onOrder: (descending: boolean) => void
  onFilter: () => void
  onPin: () => void
  onHide: () => void
}
/** Name, type and a glance at what is in it. A click sorts, Shift and a click sorts by this one, too. */
export function ColumnHead(props: Props) {
  const { column, place, style, sort, number, summary, pinned, onSort, onOrder, onFilter, onPin, onHide } =
    props
  const at = sort.findIndex((one) => one.column === number)
  const by = sort[at]
  return (
    <div
      role="columnheader"
      aria-colindex={place + 1}
      aria-sort={by ? (by.descending ? 'descending' : 'ascending') : 'none'}
      className={column.index === undefined ? 'head' : 'head index'}
      style={style}
    >
      <div className="title">
        <button
          type="button"
          disabled={!column.sortable}
          title={column.sortable ? 'Sort; with Shift beside the others' : 'Cannot be sorted'}
          onClick={(event) => onSort(event.shiftKey)}
        >
          <b>{column.name || '(no name)'}</b>
          {by && (by.descending ? <ArrowDown size={12} /> : <ArrowUp size={12} />)}
          {by && sort.length > 1 && <sup>{at + 1}</sup>}
        </button>
        <Menu
          trigger={
            <Button look="icon" aria-label={`Menu of column ${column.name}`}>
              <EllipsisVertical size={13} />
            </Button>
          }
          items={[
            { title: 'Filter…', onSelect: onFilter },
            {
              title: 'Sort up',
              ...(!column.sortable && { why: 'has no order' }),
              onSelect: () => onOrder(false),
            },
            {
              title: 'Sort down',
              ...(!column.sortable && { why: 'has no order' }),
              onSelect: () => onOrder(true),
            },
            { title: pinned ? 'Unpin' : 'Pin to the left', onSelect: onPin },
            { title: 'Hide', onSelect: onHide },
          ]}
        />
      </div>
      <span className="type">{column.index === undefined ? column.type : `index, ${column.type}`}</span>
      <Bars column={column} summary={summary} />
    </div>
  )
}
