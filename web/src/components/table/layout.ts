import { isNumber, type TableColumn } from '../../model/table'

export const headHeight = 92

/** How wide a column begins: what its kind needs, and its name. */
export function widthOf(column: TableColumn): number {
  const byKind = { bool: 96, integer: 116, float: 116, decimal: 116, time: 178, category: 150 } as const
  const least = byKind[column.kind as keyof typeof byKind] ?? 200
  return Math.min(320, Math.max(least, 52 + 7.4 * column.name.length))
}
export const alignOf = (column: TableColumn) => (isNumber(column) ? 'cell number' : 'cell')
/** Of the column with the rows' numbers. */
export const numberWidth = (rows: number) => Math.max(52, 22 + 7.5 * rows.toLocaleString('en').length)
