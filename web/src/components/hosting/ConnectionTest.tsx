import { Check, CircleDashed, CircleSlash, X } from 'lucide-react'
import type { Schemas } from '../../core/api/client'
import { sentenceOf } from '../../core/api/problem'
import { splitRemedy } from '../../core/hosting/draft'
import { say } from '../../core/session/page'
import { ago } from '../../core/session/time'
import { CopyButton } from '../settings/CopyButton'
import { Part } from '../settings/Part'
import { Button } from '../ui/Button'
import { Words } from '../ui/Words'
import { useConnectionTest } from './useConnectionTest'

type Result = Schemas['ConnectionCheck']['result']
const looks = {
  good: { icon: Check, word: 'good' },
  failed: { icon: X, word: 'failed' },
  'not run': { icon: CircleSlash, word: 'not run' },
  waiting: { icon: CircleDashed, word: 'waiting' },
} as const satisfies Record<Result, unknown>

/** What the server tried as each identity, and what to do about what failed. */
export function ConnectionTest({ changedMs }: { changedMs: number | null }) {
  const { test, error, running, stop } = useConnectionTest()
  if (error)
    return (
      <Part title="Connection">
        <p role="alert">{sentenceOf(error)}</p>
      </Part>
    )
  if (!test || test.state === 'none')
    return (
      <Part title="Connection">
        <p className="about alone">Not tested since the server was started.</p>
      </Part>
    )
  const count = (result: Result) => test.checks.filter((each) => each.result === result).length
  const parts = (['failed', 'good', 'not run', 'waiting'] as const).flatMap((result) =>
    count(result) > 0 ? [`${count(result)} ${result}`] : [],
  )
  const failed = count('failed')
  const notRun = test.checks.filter(({ result }) => result === 'not run')
  return (
    <Part title="Connection">
      <div className="summary">
        <p role="status">
          <b>{headline(test.state, failed, notRun.length, test.problem)}</b> {parts.join(', ')}
          {parts.length > 0 && '.'}{' '}
          {running &&
            failed > 0 &&
            'Grants take up to 7 minutes to act: what failed is tried again for a minute.'}
        </p>
        {running && (
          <Button small onClick={() => void stop().catch((refused: unknown) => say(sentenceOf(refused)))}>
            Stop
          </Button>
        )}
      </div>
      {test.problem !== null && (
        <p className="trouble" role="alert">
          <Words text={test.problem} />
        </p>
      )}
      <ul className="checks">
        {test.checks
          .filter(({ result }) => result !== 'not run')
          .map((check) => (
            <Row key={`${check.who} ${check.what}`} check={check} />
          ))}
      </ul>
      {notRun.length > 0 && (
        <details>
          <summary>
            {notRun.length === 1 ? 'What was not run, and why' : `${notRun.length} were not run: why`}
          </summary>
          <ul className="checks">
            {notRun.map((check) => (
              <Row key={`${check.who} ${check.what}`} check={check} />
            ))}
          </ul>
        </details>
      )}
      {test.ended_ms !== null && (
        <p className="about alone">
          Tested {ago(test.ended_ms)} by {test.by}
          {test.settings_ms !== changedMs && ', with settings that have been changed since'}.
          {failed > 0 && <Words text=" What `easel gcp apply` made, the same command puts right." />}
        </p>
      )}
    </Part>
  )
}

function headline(
  state: Schemas['ConnectionTest']['state'],
  failed: number,
  notRun: number,
  problem: string | null,
): string {
  if (state === 'running') return 'Testing.'
  if (state === 'stopped') return 'Stopped.'
  if (problem !== null) return 'Nothing could be tested.'
  if (failed > 0) return 'It does not work yet.'
  return notRun > 0 ? 'What could be tested works.' : 'It works.'
}

function Row({ check }: { check: Schemas['ConnectionCheck'] }) {
  const { who, what, result, detail, remedy } = check
  const { icon: Icon, word } = looks[result]
  const { words, command } = splitRemedy(remedy)
  const todo = words === '' && command !== '' ? 'Whoever may grant it runs this:' : words
  return (
    <li className={result.replace(' ', '_')}>
      <span className="result">
        <Icon size={15} aria-hidden="true" /> {word}
      </span>
      <p>
        <b>{who}</b> {what}
      </p>
      {detail !== '' && (
        <p className="detail">
          <Words text={detail} />
        </p>
      )}
      {todo !== '' && (
        <p className="words">
          <Words text={todo} />
        </p>
      )}
      {command !== '' && (
        <div className="command">
          <pre tabIndex={0} aria-label={`Command: ${what}`}>
            {command}
          </pre>
          <CopyButton text={command} />
        </div>
      )}
    </li>
  )
}
