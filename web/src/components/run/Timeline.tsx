import { select } from '../../model/selection'
import { duration } from '../../core/run/duration'
import { selectBlocks } from '../../core/session/page'
import { StateIcon } from '../canvas/state_look'
import { useDesk } from '../canvas/useStore'
import { plainWords, Words } from '../ui/Words'
import { useLanes } from './useLanes'

const phases = ['Start', 'Load', 'Run', 'Save']
const most = 200

/** A lane for each block of the run: waiting hatched, then its phases. */
export function Timeline() {
  const { camera } = useDesk()
  const { lanes, lengthMs } = useLanes()
  if (lanes.length === 0)
    return <p className="nothing">Nothing has run since this page was opened. Shift+Enter runs a block.</p>
  const marks = ticks(lengthMs)
  const at = (ms: number) => `${(100 * ms) / lengthMs}%`
  return (
    <div className="timeline">
      <div className="axis" aria-hidden="true">
        {marks.map((ms) => (
          <span key={ms} style={{ left: at(ms) }}>
            {ms === 0 ? '0 s' : `${ms / 1000}`}
          </span>
        ))}
        <p>
          {phases.map((phase) => (
            <span key={phase} className={`key ${phase.toLowerCase()}`}>
              {phase}
            </span>
          ))}
        </p>
      </div>
      <ul>
        {lanes.slice(0, most).map((lane) => (
          <li key={lane.id}>
            <button
              onClick={() => {
                selectBlocks(select([lane.id]))
                camera.show(lane.id)
              }}
            >
              <span className={`state ${lane.state}`}>
                <StateIcon state={lane.state} />
              </span>
              <b>{lane.name}</b>
            </button>
            <span className="lane">
              {marks.map((ms) => (
                <s key={ms} style={{ left: at(ms) }} />
              ))}
              {lane.pieces.map((piece) => (
                <i
                  key={piece.phase}
                  className={piece.phase}
                  style={{ left: at(piece.fromMs), width: at(piece.toMs - piece.fromMs) }}
                />
              ))}
              {lane.state === 'queued' ? (
                <em className="waits" title={plainWords(lane.reason)}>
                  <Words text={lane.reason} />
                </em>
              ) : (
                <em style={{ left: at(lane.endMs) }}>
                  {duration(lane.tookMs / 1000, lane.state === 'running')}
                  {lane.state === 'failed' && ', failed'}
                </em>
              )}
            </span>
          </li>
        ))}
      </ul>
    </div>
  )
}

/** At most six marks at round seconds. */
function ticks(lengthMs: number): number[] {
  const step =
    [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600].find(
      (s) => lengthMs / 1000 / s <= 6,
    ) ?? 7200
  return Array.from({ length: Math.floor(lengthMs / 1000 / step) + 1 }, (_, i) => Math.round(i * step * 1000))
}
