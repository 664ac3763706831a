import { memo, useMemo } from 'react'

const most = 40

/** The cells of a data frame's HTML as text: nothing of its markup is used. */
function cellsOf(html: string): { head: string[]; rows: string[][]; index: number } {
  const table = new DOMParser().parseFromString(html, 'text/html').querySelector('table')
  const texts = (row: Element) => [...row.children].map((cell) => cell.textContent.trim())
  const all = [...(table?.querySelectorAll('tr') ?? [])].slice(0, most + 2)
  const heads = all.filter((row, i) => i === 0 || row.parentElement?.tagName === 'THEAD')
  const body = all.slice(heads.length, heads.length + most)
  const index = body[0] ? [...body[0].children].filter((cell) => cell.tagName === 'TH').length : 0
  // The names of an index stand in a row of their own below those of the columns.
  const [head = [], ...below] = heads.map(texts)
  return {
    head: head.map((name, i) => below.find((row) => row[i])?.[i] ?? name),
    rows: body.map(texts),
    index,
  }
}

const missing = (cell: string | undefined) => cell === 'NaN' || cell === 'None' || cell === ''
const isNumber = (cell: string | undefined) => !missing(cell) && !Number.isNaN(Number(cell))
/** Whether a column has numbers, and nothing else but cells without a value. */
const hasNumbers = (cells: readonly (string | undefined)[]) =>
  cells.some(isNumber) && cells.every((cell) => missing(cell) || isNumber(cell))

export const TablePreview = memo(function TablePreview({ html, active }: { html: string; active: boolean }) {
  const { head, rows, index } = useMemo(() => cellsOf(html), [html])
  const numeric = head.map((_, i) => hasNumbers(rows.map((row) => row[i])))
  return (
    <div
      className={active ? 'table active nowheel nodrag' : 'table'}
      {...(active && { tabIndex: 0, role: 'group', 'aria-label': 'Table' })}
    >
      <table>
        <thead>
          <tr>
            {head.map((name, i) =>
              name === '' ? (
                <td key={i} />
              ) : (
                <th key={i} scope="col" className={numeric[i] ? 'number' : undefined}>
                  {name}
                </th>
              ),
            )}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, r) => (
            <tr key={r}>
              {row.map((cell, i) => (
                <td
                  key={i}
                  className={[numeric[i] && 'number', i < index && 'index'].filter(Boolean).join(' ')}
                >
                  {cell === 'NaN' || cell === 'None' ? <em>null</em> : cell}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
})
