import { ChartNoAxesGantt } from 'lucide-react'
import { useCallback, useSyncExternalStore } from 'react'
import { answer, api } from '../../core/api/client'
import { sentenceOf } from '../../core/api/problem'
import { modeWords, runWords } from '../../core/run/run_words'
import { setPage, usePage } from '../../core/session/page'
import { clock } from '../../core/session/time'
import { useStore } from '../canvas/useStore'
import { Queries } from '../shell/Queries'
import { Button } from '../ui/Button'
import { usePages } from './usePages'
import './history.css'

export default function Runs() {
  return (
    <Queries>
      <List />
    </Queries>
  )
}

/** The canvas's runs, newest first. */
function List() {
  const store = useStore()
  const canvas = store.id
  const listen = useCallback((tell: () => void) => store.onChange(tell), [store])
  const running = useSyncExternalStore(listen, () => store.running)
  const ended = useSyncExternalStore(listen, () => store.runsEnded())
  const drawer = usePage((p) => p.drawer)
  const list = usePages(['runs', canvas, running, ended], (cursor) =>
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
            <b>{modeWords(run.mode)}</b>
            <span>{runWords(run)}</span>
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
