import { Check, X } from 'lucide-react'
import { useState } from 'react'
import { usePage } from '../../core/session/page'
import { atLeast } from '../../core/session/role'
import { prefer, usePreferences } from '../../core/session/preferences'
import { useLive, useStore, useVersion } from '../canvas/useStore'
import { Button } from '../ui/Button'
import './hints.css'

/** On the example, until they are put away: the three things to try first. */
export function Hints() {
  const seen = usePreferences((p) => p.hintsSeen)
  const { graph, role } = useStore()
  useVersion()
  const clean = graph.named('clean')
  // The example is known by its blocks: it may have another name, or be a copy.
  if (!atLeast(role, 'editor') || seen || !clean || !graph.named('evaluate')) return null
  return <Steps clean={clean.id} code={clean.code} />
}

function Steps({ clean, code }: { clean: string; code: string }) {
  const [first] = useState(code)
  const { attempt } = useLive(clean)
  const [firstAttempt] = useState(attempt)
  const looked = usePage((p) => p.drawer || (p.panel && p.side === 'runs'))
  const changed = code !== first
  const ran = changed && attempt !== firstAttempt
  const steps = [
    [
      changed,
      <>
        Change a number in <b>clean</b>: click its code, or press Enter
      </>,
    ],
    [
      ran,
      <>
        Press <kbd>Shift</kbd> <kbd>Enter</kbd>: it runs
      </>,
    ],
    [
      ran && looked,
      <>
        See what ran, and why: <b>Runs</b>, at the left
      </>,
    ],
  ] as const
  const now = steps.findIndex(([done]) => !done)
  return (
    <aside className="hints" aria-label="First steps">
      <h2>{now < 0 ? 'That is all there is to it' : 'Try this first'}</h2>
      <ol>
        {steps.map(([done, words], i) => (
          <li key={i} className={done ? 'done' : i === now ? 'now' : ''}>
            <i aria-hidden="true">{done ? <Check size={12} strokeWidth={3} /> : i + 1}</i>
            {/* One at a time is read; all of them are told. */}
            <span className={i === now ? undefined : 'hidden-text'}>
              {words}
              {done && ' (done)'}
            </span>
          </li>
        ))}
      </ol>
      <Button look="icon" aria-label="Put the hints away" onClick={() => prefer({ hintsSeen: true })}>
        <X size={14} />
      </Button>
    </aside>
  )
}
