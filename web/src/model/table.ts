/** A table as the server describes it. Columns are meant by their number: names need not be unique. */
export interface TableColumn {
  readonly name: string
  readonly type: string
  readonly kind: 'bool' | 'integer' | 'float' | 'decimal' | 'time' | 'text' | 'category' | 'binary' | 'other'
  readonly sortable?: boolean
  /** Level of the index that it is. */
  readonly index?: number
}
export type TableValue =
  | null
  | boolean
  | number
  | string
  | { readonly is: string }
  | { readonly cut: string; readonly bytes: number }

export const operations = {
  '=': 'is',
  '!=': 'is not',
  '<': 'less than',
  '<=': 'at most',
  '>': 'more than',
  '>=': 'at least',
  between: 'between',
  in: 'one of',
  contains: 'contains',
  starts_with: 'starts with',
  missing: 'is missing',
  not_missing: 'is there',
} as const
export type Operation = keyof typeof operations

export interface Condition {
  readonly column: number
  readonly is: Operation
  readonly values: readonly string[]
  readonly case?: boolean
}
export interface Sort {
  readonly column: number
  readonly descending: boolean
}
export interface Query {
  readonly where: readonly Condition[]
  readonly sort: readonly Sort[]
  readonly search: string
}
export const everything: Query = { where: [], sort: [], search: '' }

/** What can be asked of a column. */
export function operationsOf({ kind, sortable }: TableColumn): readonly Operation[] {
  if (!sortable) return ['missing', 'not_missing']
  if (kind === 'bool') return ['=', 'missing', 'not_missing']
  const compared: Operation[] = ['=', '!=', '<', '<=', '>', '>=', 'between', 'in', 'missing', 'not_missing']
  return kind === 'text' || kind === 'category'
    ? ['contains', 'starts_with', '=', '!=', 'in', 'between', '<', '>', 'missing', 'not_missing']
    : compared
}
/** How many texts an operation takes. */
export function valuesOf(is: Operation): number {
  if (is === 'missing' || is === 'not_missing') return 0
  return is === 'between' ? 2 : 1
}

/** Sort by a column: first up, then down, then not; with `also`, beside what is sorted by already. */
export function turned(sort: readonly Sort[], column: number, also: boolean): readonly Sort[] {
  const was = sort.find((one) => one.column === column)
  const next: readonly Sort[] = !was
    ? [{ column, descending: false }]
    : was.descending
      ? []
      : [{ column, descending: true }]
  if (!also) return next
  if (!was) return [...sort, ...next]
  return sort.flatMap((one) => (one.column === column ? next : [one]))
}

/** A value in a cell; `word` says that it is none: null, NaN. */
export function shown(value: TableValue): { readonly text: string; readonly word: boolean } {
  if (value === null) return { text: 'null', word: true }
  if (typeof value !== 'object') return { text: String(value), word: false }
  if ('cut' in value) return { text: `${value.cut}…`, word: false }
  return { text: value.is.replace('Infinity', '∞'), word: value.is === 'NaN' || value.is === 'NaT' }
}
export const isNumber = ({ kind }: TableColumn) =>
  kind === 'integer' || kind === 'float' || kind === 'decimal'

/** A condition in words: `price between 1 and 5`. */
export function inWords(condition: Condition, columns: readonly TableColumn[]): string {
  const name = columns[condition.column]?.name ?? '?'
  const { is, values } = condition
  const symbol = /^[=<>!]/.test(is)
    ? is.replace('<=', '≤').replace('>=', '≥').replace('!=', '≠')
    : operations[is]
  if (is === 'between') return `${name} between ${values[0]} and ${values[1]}`
  return `${name} ${symbol} ${values.join(', ')}`.trim()
}

/** Cells as CSV (RFC 4180), with a header. */
export function csvOf(names: readonly string[], rows: readonly (readonly TableValue[])[]): string {
  const cell = (text: string) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)
  const lines = rows.map((row) =>
    row.map((value) => (shown(value).word ? '' : cell(shown(value).text))).join(','),
  )
  return [names.map(cell).join(','), ...lines].join('\r\n')
}
