import { useCallback, useEffect, useRef, useState } from 'react'
import type { BlockId } from '../../model/block'
import { ansi } from '../../core/output/ansi'
import { LogPages } from '../../core/run/log_pages'
import { usePage } from '../../core/session/page'
import { useBlock, useLive, useStore } from '../canvas/useStore'

const row = 18
/** Chromium's elements end near 33 million pixels: beyond this, the scroll bar stands for more lines than it has pixels. */
const tallest = 10_000_000

/** What the focused block wrote, however long: only the lines in view are fetched and drawn. */
export function Log() {
  const id = usePage((p) => p.selection.focus)
  const block = useBlock(id ?? '')
  if (!block || block.kind === 'markdown')
    return <p className="nothing">Select a block to see what it wrote.</p>
  return <Lines key={block.id} id={block.id} name={block.name} />
}

function Lines({ id, name }: { id: BlockId; name: string }) {
  const store = useStore()
  const live = useLive(id)
  const list = useRef<HTMLDivElement>(null)
  const [search, setSearch] = useState('')
  const [follow, setFollow] = useState(true)
  const [, again] = useState(0)
  const [view, setView] = useState({ top: 0, height: 130 })
  const [pages, setPages] = useState(
    () =>
      new LogPages(
        (asked) => store.log(id, asked),
        '',
        () => again((n) => n + 1),
      ),
  )
  const find = (text: string) => {
    setSearch(text)
    setPages(
      new LogPages(
        (asked) => store.log(id, asked),
        text,
        () => again((n) => n + 1),
      ),
    )
  }
  useEffect(() => {
    // What the block writes meanwhile is asked for as a whole, at most twice a second.
    const timer = setTimeout(() => pages.refresh(), 500)
    return () => clearTimeout(timer)
  }, [pages, live.outputs, live.attempt])
  useEffect(() => pages.refresh(), [pages])
  const { total } = pages
  const height = Math.min(total * row, tallest)
  const scale = height > 0 ? (total * row) / height : 1
  const first = Math.max(0, Math.floor((view.top * scale) / row) - 4)
  const count = Math.ceil(view.height / row) + 8
  useEffect(() => pages.want(first, count), [pages, first, count, total])
  useEffect(() => {
    const element = list.current
    if (follow && element) element.scrollTop = element.scrollHeight
  }, [follow, total])
  const measure = useCallback((element: HTMLDivElement) => {
    setView({ top: element.scrollTop, height: element.clientHeight })
    setFollow(element.scrollTop + element.clientHeight >= element.scrollHeight - row)
  }, [])
  return (
    <div className="log">
      <div className="log-bar">
        <b>{name}</b>
        <input
          type="search"
          aria-label="Search in the log"
          placeholder="Search"
          value={search}
          onChange={(event) => find(event.target.value)}
        />
        <span role="status">
          {total.toLocaleString('en')} {search ? 'found' : total === 1 ? 'line' : 'lines'}
        </span>
        <label>
          <input type="checkbox" checked={follow} onChange={(event) => setFollow(event.target.checked)} />{' '}
          Follow
        </label>
      </div>
      {pages.problem !== undefined && <p className="nothing">{pages.problem}</p>}
      <div
        ref={list}
        className="log-lines"
        tabIndex={0}
        role="log"
        aria-live="off"
        aria-label={`Log of ${name}`}
        onScroll={(event) => measure(event.currentTarget)}
      >
        <div style={{ height }}>
          <div
            style={{
              transform: `translateY(${first === 0 ? 0 : Math.max(0, view.top - ((view.top * scale) / row - first) * row)}px)`,
            }}
          >
            {Array.from({ length: Math.max(0, Math.min(count, total - first)) }, (_, i) => {
              const line = pages.line(first + i)
              return (
                <p key={first + i} className={line?.stream === 'stderr' ? 'stderr' : undefined}>
                  <i>{(line?.n ?? first + i) + 1}</i>
                  {line
                    ? ansi(line.text.slice(0, 2000)).map((piece, j) => (
                        <span key={j} className={piece.colour && `ansi-${piece.colour}`}>
                          {piece.text}
                        </span>
                      ))
                    : '…'}
                </p>
              )
            })}
          </div>
        </div>
      </div>
    </div>
  )
}
