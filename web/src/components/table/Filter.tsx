import { useEffect, useRef, useState } from 'react'
import {
  operations,
  operationsOf,
  valuesOf,
  type Condition,
  type Operation,
  type TableColumn,
} from '../../model/table'
import { Button } from '../ui/Button'

interface Props {
  columns: readonly TableColumn[]
  /** The column that it begins with. */
  column: number
  onAdd: (condition: Condition) => void
  onClose: () => void
}
/** One condition more. */
export function Filter({ columns, column: begin, onAdd, onClose }: Props) {
  const [column, setColumn] = useState(begin)
  const allowed = operationsOf(columns[column]!)
  const [asked, setIs] = useState<Operation>(allowed[0]!)
  const is = allowed.includes(asked) ? asked : allowed[0]!
  const [texts, setTexts] = useState(['', ''])
  const [matchCase, setMatchCase] = useState(false)
  const first = useRef<HTMLSelectElement>(null)
  useEffect(() => first.current?.focus(), [])
  const n = valuesOf(is)
  const put = (i: number, text: string) => setTexts(texts.map((old, k) => (k === i ? text : old)))
  const truth = columns[column]!.kind === 'bool'
  const searches = is === 'contains' || is === 'starts_with'
  return (
    <form
      className="filter"
      aria-label="Filter"
      onSubmit={(event) => {
        event.preventDefault()
        const one = truth && n === 1 ? [texts[0] || 'true'] : texts.slice(0, n)
        const values = is === 'in' ? texts[0]!.split(',').map((text) => text.trim()) : one
        onAdd({ column, is, values, ...(searches && matchCase && { case: true }) })
      }}
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return
        event.stopPropagation()
        onClose()
      }}
    >
      <select
        ref={first}
        aria-label="Column"
        value={column}
        onChange={(event) => setColumn(Number(event.target.value))}
      >
        {columns.map((one, i) => (
          <option key={i} value={i}>
            {one.name || `column ${i}`}
          </option>
        ))}
      </select>
      <select aria-label="Condition" value={is} onChange={(event) => setIs(event.target.value as Operation)}>
        {allowed.map((one) => (
          <option key={one} value={one}>
            {operations[one]}
          </option>
        ))}
      </select>
      {truth && n === 1 ? (
        <select
          aria-label="Value"
          value={texts[0] || 'true'}
          onChange={(event) => put(0, event.target.value)}
        >
          <option>true</option>
          <option>false</option>
        </select>
      ) : (
        texts
          .slice(0, n)
          .map((text, i) => (
            <input
              key={i}
              aria-label={n === 2 ? (i === 0 ? 'From' : 'To') : 'Value'}
              placeholder={hintOf(columns[column]!, is)}
              value={text}
              onChange={(event) => put(i, event.target.value)}
            />
          ))
      )}
      {searches && (
        <label>
          <input type="checkbox" checked={matchCase} onChange={() => setMatchCase(!matchCase)} />
          Match case
        </label>
      )}
      <Button look="primary" small type="submit">
        Add
      </Button>
      <Button look="ghost" small onClick={onClose}>
        Cancel
      </Button>
    </form>
  )
}

function hintOf({ kind, type }: TableColumn, is: Operation): string {
  if (is === 'in') return 'a, b, c'
  if (kind !== 'time') return ''
  if (type.startsWith('duration')) return '1d 02:03:04'
  if (/^time(32|64)/.test(type)) return '13:37:00'
  return type.startsWith('timestamp') ? '2024-02-29T13:37' : '2024-02-29'
}
