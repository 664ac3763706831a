import { X } from 'lucide-react'
import { setPage } from '../../core/session/page'
import { useDesk, useVersion } from '../canvas/useStore'
import { Button } from '../ui/Button'
import './run.css'

/** The last run on a time axis: a lane for each attempt. */
export function RunDrawer() {
  const { store } = useDesk()
  useVersion()
  const attempts = store.attempts().toSorted((a, b) => a.startedMs - b.startedMs)
  const begin = Math.min(...attempts.map((a) => a.startedMs))
  const length = Math.max(1, ...attempts.map((a) => a.finishedMs - begin))
  return (
    <section className="drawer" aria-label="Last run">
      <header>
        <h2>Last run</h2>
        <span>
          {attempts.length > 0
            ? `${attempts.length} blocks in ${(length / 1000).toFixed(1)} s`
            : 'Nothing has run yet.'}
        </span>
        <Button look="icon" aria-label="Close drawer" onClick={() => setPage({ drawer: false })}>
          <X size={14} />
        </Button>
      </header>
      <ul>
        {attempts.map((a) => (
          <li key={a.block + a.startedMs}>
            <b>{a.block}</b>
            <span className="lane">
              <i
                className={a.status}
                style={{
                  left: `${(88 * (a.startedMs - begin)) / length}%`,
                  width: `${(88 * (a.finishedMs - a.startedMs)) / length}%`,
                }}
              />
              <em style={{ left: `${(88 * (a.finishedMs - begin)) / length}%` }}>
                {((a.finishedMs - a.startedMs) / 1000).toFixed(2)} s
              </em>
            </span>
          </li>
        ))}
      </ul>
    </section>
  )
}
