import { Ellipsis, Play, Square } from 'lucide-react'
import { useEffect, useState } from 'react'
import type { Block } from '../../model/block'
import { duration } from '../../core/run/duration'
import { secondsOf, type Live } from '../../core/run/live'
import { Button } from '../ui/Button'
import { act, askMenu } from './block_menu'
import { StateMark } from './state_look'
import { useDesk, useMayNot } from './useStore'

const kindChips = { python: 'Py', sql: 'SQL', r: 'R', markdown: 'Md', gather: 'Gather' } as const
const menu = ['edit', 'run.up_to', 'run.from', 'run.this.force', 'full', 'duplicate', 'fold', 'delete']
const noteMenu = ['edit', 'duplicate', 'delete']

export function CardHeader({ block, live, focused }: { block: Block; live: Live; focused: boolean }) {
  const desk = useDesk()
  const seconds = secondsOf(live)
  const note = block.kind === 'markdown'
  const mayRun = useMayNot('runner') === undefined
  const busy = live.state === 'running' || live.state === 'queued'
  // The stage is one tab stop: only the focused card's controls are in the way of Tab.
  const tabIndex = focused ? 0 : -1
  return (
    <header>
      <span className={`kind ${block.kind}`}>{kindChips[block.kind]}</span>
      <h2>{block.name}</h2>
      {!note && <StateMark state={live.state} />}
      {live.state === 'running' && live.startedMs !== undefined ? (
        <Elapsed since={live.startedMs} />
      ) : (
        seconds !== undefined && live.state !== 'queued' && <span className="time">{duration(seconds)}</span>
      )}
      <span className="acts nodrag">
        {!note && mayRun && (
          <Button
            look="icon"
            tabIndex={tabIndex}
            aria-label={`${busy ? 'Stop' : 'Run'} ${block.name}`}
            onClick={busy ? () => desk.store.cancel() : () => act(desk, block.id, 'run.stay')}
          >
            {busy ? <Square size={11} fill="currentColor" /> : <Play size={13} fill="currentColor" />}
          </Button>
        )}
        <Button
          look="icon"
          tabIndex={tabIndex}
          aria-haspopup="menu"
          aria-label={`More for ${block.name}`}
          onClick={(event) =>
            askMenu(desk, block.id, `More for ${block.name}`, event.currentTarget, note ? noteMenu : menu)
          }
        >
          <Ellipsis size={15} />
        </Button>
      </span>
    </header>
  )
}

/** Counts by itself: nothing else of the card renders. */
function Elapsed({ since }: { since: number }) {
  const [now, setNow] = useState(() => performance.now())
  useEffect(() => {
    const timer = setInterval(() => setNow(performance.now()), 500)
    return () => clearInterval(timer)
  }, [])
  return <span className="time">{duration(Math.floor(Math.max(0, now - since) / 1000), true)}</span>
}
