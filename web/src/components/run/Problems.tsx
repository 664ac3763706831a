import type { Block, RunState } from '../../model/block'
import { select } from '../../model/selection'
import { selectBlocks } from '../../core/session/page'
import { StateIcon } from '../canvas/state_look'
import { useDesk, useVersion } from '../canvas/useStore'
import { goToLine } from '../output/go_to_line'
import { Words } from '../ui/Words'
import { useCounts } from './useCounts'

interface Problem {
  readonly block: Block
  readonly state: RunState
  readonly line: number | undefined
  readonly text: string
}
/** Every block that failed, with what happened; and what a block left behind that did not go as asked. */
export function Problems() {
  const { store, camera } = useDesk()
  useVersion()
  useCounts()
  const rows = [...store.graph.blocks()].flatMap((block): Problem[] => {
    const live = store.live(block.id)
    const error = live.outputs.find((output) => output.type === 'error')
    if (live.state === 'failed') {
      const text = error ? `${error.ename}: ${error.evalue}` : live.reason
      return [{ block, state: live.state, line: error?.line ?? undefined, text }]
    }
    return live.notices.map(({ message }) => ({ block, state: 'stale', line: undefined, text: message }))
  })
  if (rows.length === 0) return <p className="nothing">No problems.</p>
  return (
    <ul className="problems">
      {rows.slice(0, 200).map(({ block, state, line, text }, i) => (
        <li key={i}>
          <button
            onClick={() => {
              selectBlocks(select([block.id]))
              camera.focus(block.id)
              if (line !== undefined) goToLine(block.id, line)
            }}
          >
            <span className={`state ${state}`}>
              <StateIcon state={state} />
            </span>
            <b>{block.name}</b>
            <span>
              {line !== undefined && `Line ${line}: `}
              <Words text={text} />
            </span>
          </button>
        </li>
      ))}
    </ul>
  )
}
