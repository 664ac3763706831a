import type { Condition, Query, TableColumn } from './table'

/** A text as a literal of Python. */
const literal = (text: string) =>
  `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n').replaceAll('\r', '\\r')}"`

function valueOf(text: string, { kind, type }: TableColumn): string {
  switch (kind) {
    case 'integer':
    case 'float':
      return text.trim()
    case 'decimal':
      return `Decimal(${literal(text.trim())})`
    case 'bool':
      return /^(true|1)$/i.test(text.trim()) ? 'True' : 'False'
    case 'time':
      if (type.startsWith('duration')) return `pd.Timedelta(${literal(text)})`
      if (type.startsWith('period')) return `pd.Period(${literal(text)}, ${literal(type.slice(7, -1))})`
      if (/^time(32|64)/.test(type)) return `pd.Timestamp(${literal(text)}).time()`
      // An instant without a zone is meant in UTC; a time without one stays so.
      if (type.includes('tz='))
        return `pd.Timestamp(${literal(/Z$|[+-]\d\d:?\d\d$/.test(text) ? text : `${text}Z`)})`
      return `pd.Timestamp(${literal(text)})`
    default:
      return literal(text)
  }
}

/** One condition, as a mask. A missing value meets no comparison here, as in the table. */
function maskOf(condition: Condition, column: TableColumn, of: string): string {
  const { is, values } = condition
  const value = (i: number) => valueOf(values[i] ?? '', column)
  switch (is) {
    case 'missing':
      return `${of}.isna()`
    case 'not_missing':
      return `${of}.notna()`
    case '=':
      return `(${of} == ${value(0)})`
    case '!=':
      return `(${of} != ${value(0)}) & ${of}.notna()`
    case 'between':
      return `${of}.between(${value(0)}, ${value(1)})`
    case 'in':
      return `${of}.isin([${values.map((_, i) => value(i)).join(', ')}])`
    case 'contains':
      return `${of}.str.contains(${literal(values[0] ?? '')}, case=${condition.case ? 'True' : 'False'}, regex=False, na=False)`
    case 'starts_with':
      return condition.case
        ? `${of}.str.startswith(${literal(values[0] ?? '')}, na=False)`
        : `${of}.str.lower().str.startswith(${literal((values[0] ?? '').toLowerCase())}, na=False)`
    default:
      return `(${of} ${is} ${value(0)})`
  }
}

/** The pandas code of a query, for a block below the one that has `variable`. */
export function pandasCode(variable: string, columns: readonly TableColumn[], query: Query): string {
  const place = (n: number) => {
    const column = columns[n]!
    const same = columns.filter((c) => c.name === column.name && c.index === undefined).length
    if (column.index !== undefined)
      return `${variable}.index.get_level_values(${column.index}).to_series(index=${variable}.index)`
    if (same < 2) return `${variable}[${literal(column.name)}]`
    return `${variable}.iloc[:, ${columns.slice(0, n).filter((c) => c.index === undefined).length}]`
  }
  const masks = query.where.map((one) => maskOf(one, columns[one.column]!, place(one.column)))
  if (query.search) {
    const texts = columns.flatMap((c, n) => (c.kind === 'text' || c.kind === 'category' ? [n] : []))
    const found = texts.map(
      (n) =>
        `${place(n)}.astype("string").str.contains(${literal(query.search)}, case=False, regex=False, na=False)`,
    )
    masks.push(found.length > 0 ? `(\n    ${found.join('\n    | ')}\n)` : 'False')
  }
  const lines: string[] = []
  const code = masks.join(' ')
  if (code.includes('Decimal(')) lines.push('from decimal import Decimal')
  if (code.includes('pd.')) lines.push('import pandas as pd')
  if (lines.length > 0) lines.push('')
  const result = `${variable}_selected`
  const [only] = masks
  if (masks.length === 0) lines.push(`${result} = ${variable}`)
  else if (masks.length === 1) lines.push(`${result} = ${variable}[${only}]`)
  else
    lines.push(
      `${result} = ${variable}[`,
      ...masks.map((mask, i) => `    ${i > 0 ? '& ' : ''}(${mask})`),
      ']',
    )
  if (query.sort.length > 0) {
    const by = query.sort.map(({ column }) => {
      const { name, index } = columns[column]!
      return index !== undefined ? `${result}.index.names[${index}] or "level_${index}"` : literal(name)
    })
    const up = query.sort.map(({ descending }) => (descending ? 'False' : 'True'))
    lines.push(
      by.length === 1
        ? `${result} = ${result}.sort_values(${by[0]}, ascending=${up[0]}, kind="stable")`
        : `${result} = ${result}.sort_values([${by.join(', ')}], ascending=[${up.join(', ')}], kind="stable")`,
    )
  }
  lines.push(result)
  return lines.join('\n')
}
