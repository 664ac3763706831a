import type { RunState } from '../../model/block'
import type { Phase } from '../../core/run/event'

/** As the server says it, or what the page knows besides: up to date, below a block that has to run. */
export type ShownState = RunState | 'may_change'

export const stateWords: Record<ShownState, string> = {
  up_to_date: 'Up to date',
  may_change: 'May change',
  stale: 'Stale',
  queued: 'Queued',
  running: 'Running',
  failed: 'Failed',
  cancelled: 'Cancelled',
  skipped: 'Skipped',
  never_run: 'Never run',
}
const phases: Record<Phase, string> = {
  load: 'loads what it inherits',
  run: 'runs its code',
  save: 'keeps its results',
}
/** Of a page that came later, the phase is not known. */
export const phaseWords = (phase: Phase | undefined) => (phase ? phases[phase] : '')
const line = { fill: 'none', stroke: 'currentColor', strokeWidth: 1.5, strokeLinecap: 'round' } as const
const shapes: Record<ShownState, React.ReactNode> = {
  may_change: (
    <>
      <circle cx="8" cy="8" r="6.2" {...line} />
      <path d="M5 8.2l2.1 2.1L11.2 6" {...line} />
    </>
  ),
  up_to_date: (
    <>
      <circle cx="8" cy="8" r="7" fill="currentColor" />
      <path d="M5 8.2l2.1 2.1L11.2 6" {...line} stroke="var(--surface)" strokeWidth="1.8" />
    </>
  ),
  stale: (
    <>
      <circle cx="8" cy="8" r="6.2" {...line} />
      <path d="M8 1.8a6.2 6.2 0 0 0 0 12.4z" fill="currentColor" />
    </>
  ),
  queued: (
    <>
      <circle cx="8" cy="8" r="6.2" {...line} strokeDasharray="2.2 2.4" />
      <path d="M8 4.8V8l2.2 1.6" {...line} />
    </>
  ),
  running: <path d="M8 1.8A6.2 6.2 0 1 1 1.8 8" {...line} strokeWidth="2" />,
  failed: (
    <>
      <path d="M5 .8h6L15.2 5v6L11 15.2H5L.8 11V5z" fill="currentColor" />
      <path d="M8 4.2v4.4M8 11.4v.2" {...line} stroke="var(--surface)" strokeWidth="1.8" />
    </>
  ),
  cancelled: (
    <>
      <circle cx="8" cy="8" r="6.2" {...line} />
      <path d="M4 12L12 4" {...line} />
    </>
  ),
  skipped: (
    <>
      <circle cx="8" cy="8" r="6.2" {...line} />
      <path d="M5 8h6" {...line} />
    </>
  ),
  never_run: <circle cx="8" cy="8" r="6.2" {...line} />,
}

export function StateIcon({ state, size = 14 }: { state: ShownState; size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 16 16" aria-hidden="true">
      {shapes[state]}
    </svg>
  )
}
export function StateMark({ state }: { state: ShownState }) {
  return (
    <span className={`state ${state}`}>
      <StateIcon state={state} />
      {stateWords[state]}
    </span>
  )
}
