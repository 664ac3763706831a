import type { ReactNode } from 'react'
import { ChevronDown, Play, Square } from 'lucide-react'
import { refused } from '../../core/command/command'
import { commandNamed } from '../../core/command/commands'
import { backToStage } from '../../core/command/regions'
import { setPage } from '../../core/session/page'
import { useDesk, useMayNot } from '../canvas/useStore'
import { Button } from '../ui/Button'
import { useCounts } from './useCounts'
import './run_bar.css'

const ways = [
  'run.plan',
  'run.changed',
  'run.all',
  'run.up_to',
  'run.from',
  'run.this',
  'run.changed.force',
  'run.all.force',
  'run.up_to.force',
  'run.from.force',
  'run.this.force',
]

/** Run, cancel, how far it is, and every other way to run. */
export function RunBar({ children }: { children?: ReactNode }) {
  const desk = useDesk()
  const { changed, maybe, running, preparing, done, all } = useCounts()
  const mayNot = useMayNot('runner')
  const more = maybe > 0 ? `${changed} changed, up to ${maybe} more below` : undefined
  const items = () =>
    ways.map((id) => {
      const command = commandNamed(id)
      const { title, keys, run } = command
      const not = refused(command, desk)
      return {
        title,
        ...(keys[0] !== undefined && { keys: keys[0] }),
        ...(not !== undefined && { why: not }),
        onSelect: () => run(desk),
      }
    })
  return (
    <div className="run" onClick={backToStage}>
      {children}
      {preparing !== undefined && (
        <span className="preparing" role="status" title={preparing}>
          Building environment
        </span>
      )}
      {running && preparing === undefined && (
        <span
          className="progress"
          role="progressbar"
          aria-label="Run"
          aria-valuemin={0}
          aria-valuemax={all}
          aria-valuenow={done}
        >
          <i style={{ transform: `scaleX(${all ? done / all : 0})` }} />
          {done} of {all}
        </span>
      )}
      {running ? (
        <Button look="primary" disabled={!!mayNot} title={mayNot} onClick={() => desk.store.cancel()}>
          <Square size={11} fill="currentColor" /> Cancel run
        </Button>
      ) : (
        <Button
          look="primary"
          disabled={!!mayNot}
          title={mayNot}
          onClick={() => commandNamed('run.changed').run(desk)}
        >
          <Play size={12} fill="currentColor" /> Run changed{' '}
          {changed > 0 && (
            <em title={more}>
              {changed}
              {maybe > 0 && '+'}
            </em>
          )}
        </Button>
      )}
      <Button
        look="primary"
        aria-haspopup="menu"
        aria-label="Other ways to run"
        onClick={(event) =>
          setPage({ menu: { label: 'Ways to run', from: event.currentTarget, items: items() } })
        }
      >
        <ChevronDown size={14} />
      </Button>
    </div>
  )
}
