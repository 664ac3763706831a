import type { Block } from '../../model/block'
import { lacksAbove, plainReason, type Live } from '../../core/run/live'
import { showFull } from '../../core/session/page'
import { Button } from '../ui/Button'
import { Words } from '../ui/Words'
import { act } from './block_menu'
import { phaseWords } from './state_look'
import { useDesk, useDoubt, useMayNot } from './useStore'

/** One sentence: what the block holds, or why it is in the state it is in and what to do. */
export function Footer({ block, live }: { block: Block; live: Live }) {
  const desk = useDesk()
  const doubt = useDoubt(block.id)
  const mayRun = useMayNot('runner') === undefined
  const variables = desk.store.variables(block.id)
  const own = variables.filter((v) => v.origin === block.name && v.carried && v.type !== 'module')
  const lost = variables.filter((v) => !v.carried).length
  const above = mayRun && lacksAbove(live)
  const kept = live.state === 'failed' && live.outputs.length > 0 && (live.kept?.length ?? 0) > 0
  return (
    <footer>
      <span>
        {doubt ? (
          <>
            Runs again if <b>{doubt.name}</b> leaves something else
          </>
        ) : (
          sentence(
            live,
            own.map((v) => v.name),
            mayRun,
          )
        )}
      </span>
      {above && (
        <Button small tabIndex={-1} className="nodrag" onClick={() => act(desk, block.id, 'run.up_to')}>
          Run up to here
        </Button>
      )}
      {kept && (
        <Button small tabIndex={-1} className="nodrag" onClick={() => showFull(block.id)}>
          Show it
        </Button>
      )}
      {lost > 0 && live.state === 'up_to_date' && <span className="lost">{lost} not kept</span>}
    </footer>
  )
}

function sentence(live: Live, held: readonly string[], mayRun: boolean) {
  const kept = live.kept !== undefined || held.length > 0
  switch (live.state) {
    case 'up_to_date':
      return held.length > 0 ? (
        <>
          Holds <b>{held.slice(0, 4).join(', ')}</b>
          {held.length > 4 && ` and ${held.length - 4} more`}
        </>
      ) : (
        'Leaves no names of its own'
      )
    case 'running':
      return kept
        ? 'The last result stays until this one succeeds'
        : capital(phaseWords(live.phase) || 'running')
    case 'queued':
      return <Words text={`Queued: ${live.reason}`} />
    case 'never_run':
      return mayRun ? 'Shift+Enter runs it, Alt+Enter also adds the next' : 'It has not run'
    case 'failed':
      return kept ? 'The last good result is kept' : 'No result yet'
    case 'stale':
      if (live.reason === 'code changed' && mayRun)
        return 'Run changed runs it, or restores an earlier result'
      return <Words text={capital(plainReason(live))} />
    case 'cancelled':
    case 'skipped': {
      return <Words text={capital(plainReason(live))} />
    }
  }
}

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1)
