import { modeWords, runWords } from '../../core/run/run_words'
import { canvasPath, navigate } from '../../core/session/route'
import { ago } from '../../core/session/time'
import { StateIcon } from '../canvas/state_look'
import type { CanvasSummary } from './canvases'

const most = 8
const looks = { succeeded: 'up_to_date', failed: 'failed', running: 'running', preparing: 'queued' } as const

/** What ran last on each canvas, the newest first. */
export function LastRuns({ canvases }: { canvases: readonly CanvasSummary[] }) {
  const runs = canvases
    .flatMap(({ id, name, last_run: run }) => (run ? [{ id, name, run }] : []))
    .sort((a, b) => b.run.created_ms - a.run.created_ms)
    .slice(0, most)
  if (runs.length === 0) return null
  return (
    <section className="last-runs" aria-label="Last runs">
      <h2>Last runs</h2>
      <ul>
        {runs.map(({ id, name, run }) => {
          const state = looks[run.status as keyof typeof looks] ?? 'cancelled'
          return (
            <li key={id}>
              <button onClick={() => navigate(canvasPath(id))}>
                <span className={`state ${state}`}>
                  <StateIcon state={state} />
                </span>
                <b>{name}</b>
                <span>{modeWords(run.mode)}</span>
                <span>{runWords(run)}</span>
                <small>
                  {ago(run.finished_ms ?? run.created_ms)}
                  {run.by !== undefined && `, by ${run.by}`}
                </small>
              </button>
            </li>
          )
        })}
      </ul>
    </section>
  )
}
