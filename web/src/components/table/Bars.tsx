import type { Summary } from '../../core/table/table_source'
import { shown, type TableColumn } from '../../model/table'

const counted = (n: number) => n.toLocaleString('en')

/** What a column holds, in one glance: a histogram, or its most frequent values; below it the share that is missing. */
export function Bars({ column, summary }: { column: TableColumn; summary: Summary | undefined }) {
  if (!summary) return <div className="bars waiting" aria-hidden />
  const missing = summary.rows === 0 ? 0 : summary.missing / summary.rows
  return (
    <div className="bars" title={told(summary)}>
      {summary.bins ? (
        <Histogram counts={summary.bins.counts} label={`${column.name}: ${summary.min} to ${summary.max}`} />
      ) : (
        <Top summary={summary} />
      )}
      <small className={missing > 0 ? 'missing some' : 'missing'}>
        {missing > 0 ? `${percent(missing)} missing` : (range(summary) ?? 'none missing')}
      </small>
    </div>
  )
}

function Histogram({ counts, label }: { counts: readonly number[]; label: string }) {
  const most = Math.max(1, ...counts)
  return (
    <svg viewBox="0 0 100 26" preserveAspectRatio="none" role="img" aria-label={label}>
      {counts.map((count, i) => {
        const height = count === 0 ? 0 : Math.max(1.5, (count / most) * 26)
        return <rect key={i} x={i * 5 + 0.4} y={26 - height} width={4.2} height={height} />
      })}
    </svg>
  )
}

function Top({ summary }: { summary: Summary }) {
  const top = summary.top ?? []
  const there = summary.rows - summary.missing
  if (top.length === 0) return <p className="top-values">{there === 0 ? 'nothing' : ''}</p>
  // Where hardly a value comes twice, how many there are says more than any of them.
  if ((top[0]?.count ?? 0) * 50 < there && (summary.distinct ?? 0) > 50)
    return (
      <p className="top-values many">
        <b>
          {!summary.distinct_exact && '~ '}
          {counted(summary.distinct ?? 0)}
        </b>{' '}
        different
      </p>
    )
  const more = (summary.distinct ?? 0) - 2
  return (
    <ol className="top-values" {...(more > 0 && { 'data-more': `and ${counted(more)} more` })}>
      {top.slice(0, 2).map(({ value, count }, i) => (
        <li key={i} style={{ '--share': `${(100 * count) / there}%` } as React.CSSProperties}>
          <span>{shown(value).text === '' ? '(empty)' : shown(value).text}</span>
          <em>{percent(count / there)}</em>
        </li>
      ))}
    </ol>
  )
}

function percent(share: number): string {
  if (share > 0 && share < 0.001) return '< 0.1 %'
  return `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`
}
const short = (text: string) => {
  const number = Number(text)
  if (text === '' || Number.isNaN(number)) return text.slice(0, 10)
  return number.toLocaleString('en', { notation: 'compact', maximumSignificantDigits: 4 })
}
function range({ min, max }: Summary): string | undefined {
  return min === undefined || max === undefined ? undefined : `${short(min)} to ${short(max)}`
}
function told(summary: Summary): string {
  const lines = [`${counted(summary.rows)} rows, ${counted(summary.missing)} missing`]
  if (summary.nan) lines.push(`${counted(summary.nan)} of them NaN`)
  if (summary.distinct !== undefined)
    lines.push(`${summary.distinct_exact ? '' : 'about '}${counted(summary.distinct)} different values`)
  if (summary.min !== undefined) lines.push(`from ${summary.min} to ${summary.max}`)
  if (summary.mean !== undefined) lines.push(`mean ${summary.mean}`)
  for (const { value, count } of summary.top ?? []) lines.push(`${shown(value).text}: ${counted(count)}`)
  if (summary.top_exact === false) lines.push('(counts of rare values are lower bounds)')
  return lines.join('\n')
}
