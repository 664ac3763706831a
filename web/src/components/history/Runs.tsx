import { ChartNoAxesGantt } from 'lucide-react'
import { answer, api, type Schemas } from '../../core/api/client'
import { sentenceOf } from '../../core/api/problem'
import { setPage, usePage } from '../../core/session/page'
import { clock } from '../../core/session/time'
import { useStore, useVersion } from '../canvas/useStore'
import { Queries } from '../shell/Queries'
import { Button } from '../ui/Button'
import { usePages } from './usePages'
import './history.css'

type Run = Schemas['Run']
const modes: Record<string, string> = {
  all: 'Run all',
  only: 'Run block',
  to: 'Run up to',
  from: 'Run from',
  changed: 'Run changed',
}
const counted = ['ran', 'restored', 'failed', 'skipped', 'cancelled'] as const

export default function Runs() {
  return (
    <Queries>
      <List />
    </Queries>
  )
}

/** The canvas's runs, newest first. */
function List() {
  const { id: canvas, running } = useStore()
  useVersion()
  const drawer = usePage((p) => p.drawer)
  const list = usePages(['runs', canvas, running], (cursor) =>
    answer(
      api.GET('/canvases/{canvas}/runs', {
        params: { path: { canvas }, query: { limit: 50, ...(cursor !== undefined && { cursor }) } },
      }),
    ),
  )
  const runs = list.items ?? []
  return (
    <section className="runs" aria-label="Runs">
      <h2>
        Runs
        <Button
          look="icon"
          aria-label="Time line of the last run"
          aria-pressed={drawer}
          onClick={() => setPage({ drawer: !drawer })}
        >
          <ChartNoAxesGantt size={15} />
        </Button>
      </h2>
      {list.error && <p className="nothing">{sentenceOf(list.error)}</p>}
      {list.items && runs.length === 0 && (
        <p className="nothing">Nothing has run yet. Run changed, above, runs what needs it.</p>
      )}
      <ul>
        {runs.map((run) => (
          <li key={run.run}>
            <i className={run.status} />
            <b>{modes[run.mode] ?? run.mode}</b>
            <span>{said(run)}</span>
            <small>
              {clock(run.created_ms)}
              {run.by !== undefined && `, ${run.by}`}
            </small>
            {run.error !== undefined && <p>{run.error}</p>}
          </li>
        ))}
      </ul>
      {list.more && <Button onClick={list.more}>Older runs</Button>}
    </section>
  )
}

function said({ status, counts = {}, created_ms, finished_ms }: Run): string {
  if (status === 'running') return 'runs now'
  const parts = counted.flatMap((word) => (counts[word] ? [`${counts[word]} ${word}`] : []))
  if (parts.length === 0) parts.push(counts['up_to_date'] ? 'all up to date' : status)
  if (typeof finished_ms === 'number') parts.push(`${((finished_ms - created_ms) / 1000).toFixed(1)} s`)
  return parts.join(', ')
}
