import { useMemo } from 'react'
import type { BlockId } from '../../model/block'
import { twice } from '../../model/memory'
import type { ErrorOutput } from '../../core/output/output'
import { partsOf, traceOf, type TraceFrame } from '../../core/output/traceback'
import { attempt } from '../../core/command/edit'
import { useDesk, useMayNot } from '../canvas/useStore'
import { Button } from '../ui/Button'
import { plainWords, Words } from '../ui/Words'
import { goToLine } from './go_to_line'

/** What happened and where, what to do first, then the way there: own code open, libraries folded. */
interface Props {
  error: ErrorOutput
  block: BlockId
  active: boolean
}
export function Failure({ error, block, active }: Props) {
  const desk = useDesk()
  const { frames, rest } = useMemo(() => traceOf(error.traceback), [error.traceback])
  const { line } = error
  const maker = useMaker(error, block)
  const mayEdit = useMayNot('editor') === undefined
  const settings = desk.store.graph.block(block)?.settings
  const more = error.kind === 'memory' ? twice(settings?.memory) : undefined
  return (
    <div
      className={active ? 'failure active nowheel' : 'failure'}
      role="group"
      aria-label="Error"
      tabIndex={active ? 0 : -1}
    >
      <p>
        <b>
          {line !== null && `Line ${line}: `}
          {error.ename}
        </b>
      </p>
      <p className="said">{error.evalue}</p>
      <p className="deeds">
        {maker && mayEdit && (
          <Button
            small
            onClick={() => attempt(desk, { op: 'connect', edge: { parent: maker.id, child: block } })}
          >
            Connect {maker.name}
          </Button>
        )}
        {more !== undefined && mayEdit && (
          <Button
            small
            onClick={() => {
              const change = {
                op: 'setSettings',
                id: block,
                settings: { ...settings, memory: more },
              } as const
              if (attempt(desk, change)) desk.store.run({ mode: 'this', blocks: [block], force: false })
            }}
          >
            Run with {more}
          </Button>
        )}
        {line !== null && mayEdit && (
          <Button small look={maker ? 'ghost' : 'plain'} onClick={() => goToLine(block, line, error.evalue)}>
            Go to line {line}
          </Button>
        )}
        <Button small look="ghost" onClick={() => void navigator.clipboard.writeText(error.traceback)}>
          Copy
        </Button>
      </p>
      {frames.length > 0 && (
        <ol className="trace">
          {partsOf(frames).map((part, i) => (
            <li key={i}>
              {part.library && part.frames.length > 1 ? (
                <details>
                  <summary>{part.title}</summary>
                  {part.frames.map((frame, k) => (
                    <Place key={k} frame={frame} block={block} active={active} />
                  ))}
                </details>
              ) : (
                part.frames.map((frame, k) => <Place key={k} frame={frame} block={block} active={active} />)
              )}
            </li>
          ))}
        </ol>
      )}
      {frames.length === 0 && error.traceback && (
        <details>
          <summary>Traceback</summary>
          <pre>{rest.slice(-20_000)}</pre>
        </details>
      )}
    </div>
  )
}

function Place({ frame, block, active }: { frame: TraceFrame; block: BlockId; active: boolean }) {
  const { store } = useDesk()
  const id = frame.block === undefined ? undefined : store.graph.named(frame.block)?.id
  const { line, title, code } = frame
  if (!code)
    return (
      <p className="place">
        <Words text={title} />
      </p>
    )
  return (
    <details open={!frame.library}>
      <summary>
        <Words text={title} />
      </summary>
      <pre {...(active && { tabIndex: 0 })} aria-label={`Code at ${plainWords(title)}`} role="group">
        {code}
      </pre>
      {id !== undefined && line !== undefined && id !== block && (
        <button className="to-line" onClick={() => goToLine(id, line)}>
          Go to line {line} of {store.graph.block(id)?.name}
        </button>
      )}
    </details>
  )
}

/** The block that makes the name which is missing here, if one is there and not among the parents. */
function useMaker({ ename, evalue }: ErrorOutput, block: BlockId) {
  const { store } = useDesk()
  if (ename !== 'NameError') return undefined
  const name = /name '(\w+)'/.exec(evalue)?.[1]
  const above = store.graph.reach([block], 'up')
  for (const other of store.graph.blocks())
    if (
      !above.has(other.id) &&
      store.graph.path(block, other.id) === undefined &&
      store.variables(other.id).some((v) => v.name === name && v.carried && v.origin === other.name)
    )
      return other
  return undefined
}
