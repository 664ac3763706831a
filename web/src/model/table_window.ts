/** Rows of a page that is fetched at once. */
export const pageRows = 200
export const rowHeight = 24
/** Rows that one scroll bar covers: no browser draws an element higher than 17.8 million pixels (Firefox). */
export const windowRows = 700_000

export interface Span {
  readonly first: number
  /** Behind the last one. */
  readonly end: number
}

/** The scroll window that has `row`; windows are side by side. */
export function windowWith(row: number, rows: number): Span {
  const first = Math.floor(Math.max(0, Math.min(row, rows - 1)) / windowRows) * windowRows
  return { first, end: Math.min(rows, first + windowRows) }
}
export const windowsOf = (rows: number) => Math.max(1, Math.ceil(rows / windowRows))

/** Rows to draw when a window is scrolled to `top`, a few more on both sides. */
export function rowsIn(window: Span, top: number, height: number, extra = 8): Span {
  const first = window.first + Math.floor(top / rowHeight) - extra
  const end = window.first + Math.ceil((top + height) / rowHeight) + extra
  return { first: Math.max(window.first, first), end: Math.max(window.first, Math.min(window.end, end)) }
}
export function pagesIn({ first, end }: Span): readonly number[] {
  const pages: number[] = []
  for (let page = Math.floor(first / pageRows); page * pageRows < end; page++) pages.push(page)
  return pages
}

export interface Placed {
  readonly column: number
  readonly left: number
  readonly width: number
}
/** Columns one beside the other; those to draw are the ones in sight, and all that are pinned. */
export function placed(columns: readonly number[], widthOf: (column: number) => number): readonly Placed[] {
  let left = 0
  return columns.map((column) => {
    const width = widthOf(column)
    left += width
    return { column, left: left - width, width }
  })
}
export function inSight(all: readonly Placed[], left: number, width: number): readonly Placed[] {
  return all.filter((one) => one.left + one.width > left - 200 && one.left < left + width + 200)
}

export interface Range {
  readonly rows: Span
  /** Places among the columns that are shown. */
  readonly columns: Span
}
export interface Cell {
  readonly row: number
  readonly column: number
}
export function rangeOf(from: Cell, to: Cell): Range {
  const span = (a: number, b: number): Span => ({ first: Math.min(a, b), end: Math.max(a, b) + 1 })
  return { rows: span(from.row, to.row), columns: span(from.column, to.column) }
}
export const isIn = ({ rows, columns }: Range, row: number, column: number) =>
  row >= rows.first && row < rows.end && column >= columns.first && column < columns.end

/** Where a key leads from a cell; undefined if it is not one of moving. */
export function moved(
  from: Cell,
  key: string,
  control: boolean,
  rows: number,
  columns: number,
  page: number,
): Cell | undefined {
  const to = (row: number, column: number): Cell => ({
    row: Math.max(0, Math.min(rows - 1, row)),
    column: Math.max(0, Math.min(columns - 1, column)),
  })
  const { row, column } = from
  switch (key) {
    case 'ArrowUp':
      return to(control ? 0 : row - 1, column)
    case 'ArrowDown':
      return to(control ? rows - 1 : row + 1, column)
    case 'ArrowLeft':
      return to(row, control ? 0 : column - 1)
    case 'ArrowRight':
      return to(row, control ? columns - 1 : column + 1)
    case 'PageUp':
      return to(row - page, column)
    case 'PageDown':
      return to(row + page, column)
    case 'Home':
      return to(control ? 0 : row, 0)
    case 'End':
      return to(control ? rows - 1 : row, columns - 1)
    default:
      return undefined
  }
}
