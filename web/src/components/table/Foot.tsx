import { ChevronLeft, ChevronRight } from 'lucide-react'
import { useEffect, useState } from 'react'
import type { OpenTable } from '../../core/table/open_table'
import type { Cells } from '../../core/table/table_source'
import type { Range, Span } from '../../model/table_window'
import { Button } from '../ui/Button'

interface Props {
  table: OpenTable
  range: Range | undefined
  /** The columns of the range. */
  columns: readonly number[]
  span: Span
  windows: number
  onWindow: (step: number) => void
}
/** How many rows there are, which of them the scroll bar covers, and what the selected cells come to. */
export function Foot({ table, range, columns, span, windows, onWindow }: Props) {
  const { about, count } = table
  const cells = useCells(table, range, columns)
  const number = (n: number) => n.toLocaleString('en', { maximumFractionDigits: 4 })
  return (
    <footer>
      <span>
        {about && count !== undefined && count < about.stored_rows
          ? `${number(count)} of ${number(about.stored_rows)} rows`
          : count !== undefined && `${number(count)} rows`}
      </span>
      {windows > 1 && (
        <span className="windows">
          <Button
            look="icon"
            aria-label="Rows before"
            disabled={span.first === 0}
            onClick={() => onWindow(-1)}
          >
            <ChevronLeft size={14} />
          </Button>
          rows {number(span.first)} to {number(span.end - 1)}
          <Button
            look="icon"
            aria-label="Rows after"
            disabled={span.end >= (count ?? 0)}
            onClick={() => onWindow(1)}
          >
            <ChevronRight size={14} />
          </Button>
        </span>
      )}
      <output aria-label="Selected cells">
        {cells && (
          <>
            <span>
              count <b>{number(cells.count)}</b>
            </span>
            {cells.missing > 0 && (
              <span>
                missing <b>{number(cells.missing)}</b>
              </span>
            )}
            {cells.sum !== undefined && (
              <span>
                sum <b>{number(cells.sum)}</b>
              </span>
            )}
            {cells.mean !== undefined && (
              <span>
                mean <b>{number(cells.mean)}</b>
              </span>
            )}
          </>
        )}
      </output>
    </footer>
  )
}

/** Sums of the selected cells, once the selection has come to rest. */
function useCells(table: OpenTable, range: Range | undefined, columns: readonly number[]): Cells | undefined {
  const [found, setFound] = useState<{ key: string; cells: Cells }>()
  const key = JSON.stringify([range, columns, table.query])
  useEffect(() => {
    if (!range || columns.length === 0) return
    if (range.rows.end - range.rows.first + columns.length <= 2) return
    const stop = new AbortController()
    const timer = setTimeout(() => {
      table.cells(range.rows, columns, stop.signal).then(
        (cells) => !stop.signal.aborted && setFound({ key, cells }),
        () => undefined,
      )
    }, 150)
    return () => {
      clearTimeout(timer)
      stop.abort()
    }
  }, [key]) // eslint-disable-line react-hooks/exhaustive-deps
  return found?.key === key ? found.cells : undefined
}
