import { useEffect, useState } from 'react'
import type { Block } from '../../model/block'
import { duration } from '../../core/run/duration'
import { secondsOf, type Live } from '../../core/run/live'
import { BlockActs } from './BlockActs'
import { BlockName } from './BlockName'
import { StateMark } from './state_look'
import { useDoubt } from './useStore'

const kindChips = { python: 'Py', sql: 'SQL', r: 'R', markdown: 'Md', gather: 'Gather' } as const
const menu = [
  ...['edit', 'rename', 'run.up_to', 'run.from', 'run.this.force', 'full'],
  ...['duplicate', 'fold', 'delete'],
]
const noteMenu = ['edit', 'rename', 'duplicate', 'delete']

export function CardHeader({ block, live, focused }: { block: Block; live: Live; focused: boolean }) {
  const seconds = secondsOf(live)
  const doubt = useDoubt(block.id)
  const note = block.kind === 'markdown'
  return (
    <header>
      <span className={`kind ${block.kind}`}>{kindChips[block.kind]}</span>
      <BlockName block={block} />
      {!note && <StateMark state={doubt ? 'may_change' : live.state} />}
      {live.state === 'running' && live.startedMs !== undefined ? (
        <Elapsed since={live.startedMs} />
      ) : (
        seconds !== undefined && live.state !== 'queued' && <span className="time">{duration(seconds)}</span>
      )}
      {/* The stage is one tab stop: only the focused card's controls are in the way of Tab. */}
      <BlockActs block={block} menu={note ? noteMenu : menu} reached={focused} className="acts nodrag" />
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
