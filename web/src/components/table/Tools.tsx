import { Code2, Columns3, Copy, Download, Filter, Maximize2, Minimize2, Search, X } from 'lucide-react'
import { useEffect, useRef, useState } from 'react'
import { problemOf, sentenceOf } from '../../core/api/problem'
import { say, setPage } from '../../core/session/page'
import type { OpenTable } from '../../core/table/open_table'
import { inWords, type Query } from '../../model/table'
import { useMayNot } from '../canvas/useStore'
import { Button } from '../ui/Button'
import { Menu } from '../ui/Menu'

interface Props {
  table: OpenTable
  /** The block that has it. */
  block: string
  full: boolean
  hidden: ReadonlySet<number>
  onAsk: (query: Query) => void
  onFull: () => void
  onFilter: () => void
  onGoTo: (row: number) => void
  onShow: (column: number) => void
  onCopy: () => void
  onCode: () => void
}
const formats = { csv: 'CSV', parquet: 'Parquet' } as const

/** What can be done with a table, and what is asked of it. */
export function Tools(props: Props) {
  const { table, block, full, hidden, onAsk, onFull, onFilter, onGoTo, onShow, onCopy, onCode } = props
  const { about, query } = table
  const mayNot = useMayNot('editor')
  const exported = about && table.exportUrl()
  return (
    <>
      <header>
        <h2>{about?.variable ?? 'Table'}</h2>
        <p>
          {about &&
            `${about.rows.toLocaleString('en')} rows × ${about.columns.filter((c) => c.index === undefined).length} columns of ${block}`}
        </p>
        <Find key={query.search} search={query.search} onSearch={(search) => onAsk({ ...query, search })} />
        <Button small onClick={onFilter} disabled={!about} aria-label="Filter">
          <Filter size={13} />
          <span>Filter</span>
        </Button>
        {hidden.size > 0 && about && (
          <Menu
            trigger={
              <Button small>
                <Columns3 size={13} />
                <span>{hidden.size} hidden</span>
              </Button>
            }
            items={[...hidden].map((c) => ({
              title: `Show ${about.columns[c]!.name}`,
              onSelect: () => onShow(c),
            }))}
          />
        )}
        <GoTo onGoTo={onGoTo} />
        <Button
          small
          onClick={onCopy}
          aria-label="Copy selected cells as CSV"
          title="Copy selected cells as CSV (Ctrl+C)"
        >
          <Copy size={13} />
        </Button>
        {exported !== undefined && (
          <Menu
            trigger={
              <Button small aria-label="Export" title="Export these rows">
                <Download size={13} />
              </Button>
            }
            items={(Object.keys(formats) as (keyof typeof formats)[]).map((format) => ({
              title: `Export as ${formats[format]}`,
              onSelect: () => void save(`${exported}&format=${format}`, `${about?.variable}.${format}`),
            }))}
          />
        )}
        <Button
          small
          onClick={onCode}
          disabled={!about || mayNot !== undefined}
          aria-label="Use as code"
          title={mayNot ?? 'Add a child block with the pandas code of this view'}
        >
          <Code2 size={13} />
          <span>Use as code</span>
        </Button>
        <Button look="icon" aria-label={full ? 'Make smaller' : 'Full page'} onClick={onFull}>
          {full ? <Minimize2 size={14} /> : <Maximize2 size={14} />}
        </Button>
        <Button look="icon" aria-label="Close table" onClick={() => setPage({ table: undefined })}>
          <X size={14} />
        </Button>
      </header>
      {about && query.where.length + query.sort.length > 0 && (
        <ul className="chips" aria-label="What is asked for">
          {query.where.map((condition, i) => (
            <Chip
              key={`w${i}`}
              text={inWords(condition, about.columns)}
              onGone={() => onAsk({ ...query, where: query.where.filter((_, k) => k !== i) })}
            />
          ))}
          {query.sort.map((sort, i) => (
            <Chip
              key={`s${i}`}
              text={`${i === 0 ? 'sorted by' : 'then'} ${about.columns[sort.column]!.name} ${sort.descending ? '↓' : '↑'}`}
              onGone={() => onAsk({ ...query, sort: query.sort.filter((_, k) => k !== i) })}
            />
          ))}
        </ul>
      )}
    </>
  )
}

/** Fetch a file and hand it to the browser; what is wrong is said here, not on a page of its own. */
async function save(address: string, name: string): Promise<void> {
  try {
    const reply = await fetch(address)
    if (!reply.ok) throw problemOf(reply.status, await reply.json().catch(() => undefined))
    const link = document.createElement('a')
    link.href = URL.createObjectURL(await reply.blob())
    link.download = name
    link.click()
    URL.revokeObjectURL(link.href)
    say(`Exported as ${name}.`)
  } catch (error) {
    say(sentenceOf(error))
  }
}

function Chip({ text, onGone }: { text: string; onGone: () => void }) {
  return (
    <li>
      {text}
      <button type="button" aria-label={`Remove: ${text}`} onClick={onGone}>
        <X size={11} />
      </button>
    </li>
  )
}

function Find({ search, onSearch }: { search: string; onSearch: (search: string) => void }) {
  const [text, setText] = useState(search)
  const box = useRef<HTMLInputElement>(null)
  // The query changes once typing has paused; a key makes it at once.
  useEffect(() => {
    if (text === search) return
    const timer = setTimeout(() => onSearch(text), 600)
    return () => clearTimeout(timer)
  }, [text]) // eslint-disable-line react-hooks/exhaustive-deps
  useEffect(() => {
    if (search !== '') box.current?.focus()
  }, [search])
  return (
    <label className="find">
      <Search size={13} />
      <input
        ref={box}
        type="search"
        aria-label="Search in texts"
        placeholder="Search"
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter') onSearch(text)
          if (event.key === 'Escape' && text !== '') {
            event.preventDefault()
            onSearch('')
          }
        }}
      />
    </label>
  )
}

function GoTo({ onGoTo }: { onGoTo: (row: number) => void }) {
  return (
    <form
      className="goto"
      onSubmit={(event) => {
        event.preventDefault()
        const row = Number(
          new FormData(event.currentTarget)
            .get('row')
            ?.toString()
            .replace(/[\s,._]/g, ''),
        )
        if (Number.isFinite(row)) onGoTo(row)
      }}
    >
      <input name="row" inputMode="numeric" aria-label="Go to row" placeholder="Go to row" />
    </form>
  )
}
