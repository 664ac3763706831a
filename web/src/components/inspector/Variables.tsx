import { ChevronRight, Table2 } from 'lucide-react'
import { useCallback, useState, useSyncExternalStore } from 'react'
import type { Block } from '../../model/block'
import type { Variable } from '../../core/canvas/store'
import { setPage } from '../../core/session/page'
import { useLive, useMayNot, useStore } from '../canvas/useStore'
import { Button } from '../ui/Button'

/** The names of a block's state: what it made, what came from above, and what could not be kept, with the reason. */
export function Variables({ block, variables }: { block: Block; variables: readonly Variable[] }) {
  const mayRun = useMayNot('runner') === undefined
  const { state } = useLive(block.id)
  const shown = variables.filter((v) => v.type !== 'module')
  const kept = state === 'failed' || state === 'cancelled'
  const groups = [
    [
      kept ? 'Made by its last good run' : 'Made here',
      shown.filter((v) => v.carried && v.origin === block.name),
    ],
    ['From parents', shown.filter((v) => v.carried && v.origin !== block.name)],
    ['Not kept', shown.filter((v) => !v.carried)],
  ] as const
  const busy = state === 'running' || state === 'queued'
  const none = busy
    ? 'They come when it has finished.'
    : state === 'failed'
      ? `It failed, so it leaves no variables. ${mayRun ? 'Correct it, and Shift+Enter runs it again.' : ''}`
      : `No variables yet.${mayRun ? ' Shift+Enter runs the block.' : ''}`
  if (shown.length === 0)
    return (
      <>
        <p className="nothing">{none}</p>
        <Known block={block} />
      </>
    )
  return groups.map(
    ([title, list]) =>
      list.length > 0 && (
        <section key={title} className="group">
          <h3>{title}</h3>
          <ul>
            {list.map((variable) => (
              <One
                key={variable.name}
                variable={variable}
                foreign={variable.origin !== block.name}
                block={block}
              />
            ))}
          </ul>
        </section>
      ),
  )
}

/** What a block that has not run yet will find: its parents' names, of which the later parent's win. */
function Known({ block }: { block: Block }) {
  const store = useStore()
  const parents = store.graph.parents(block.id)
  const listen = useCallback(
    (tell: () => void) => {
      const stops = store.graph.parents(block.id).map((parent) => store.onBlock(parent, tell))
      return () => stops.forEach((stop) => stop())
    },
    [store, block.id],
  )
  useSyncExternalStore(listen, () => parents.map((parent) => store.variables(parent).length).join())
  const known = new Map(
    parents.flatMap((parent) =>
      store
        .variables(parent)
        .filter((v) => v.carried && v.type !== 'module')
        .map((variable) => [variable.name, { variable, holder: store.graph.block(parent)! }] as const),
    ),
  )
  if (known.size === 0) return null
  return (
    <section className="group">
      <h3>From parents</h3>
      <ul>
        {[...known.values()].map(({ variable, holder }) => (
          <One key={variable.name} variable={variable} foreign block={holder} />
        ))}
      </ul>
    </section>
  )
}

function One({ variable, foreign, block }: { variable: Variable; foreign: boolean; block: Block }) {
  const [open, setOpen] = useState(false)
  const { name, type, shape, carried, origin, preview, reason } = variable
  return (
    <li className="variable">
      <button aria-expanded={open} onClick={() => setOpen(!open)}>
        <ChevronRight size={13} />
        <b>{name}</b>
        <span>{kindOf(variable)}</span>
        {variable.bytes >= leastTold && <em>{bytes(variable.bytes)}</em>}
      </button>
      {variable.table && (
        <Button
          look="icon"
          className="as-table"
          aria-label={`Open ${name} as a table`}
          onClick={() => setPage({ table: { block: block.id, variable: name } })}
        >
          <Table2 size={13} />
        </Button>
      )}
      {!carried && <p className="why">{reason ?? 'It cannot be carried to another block.'}</p>}
      {open && (
        <dl>
          <dt>Type</dt>
          <dd>{type}</dd>
          {shape.length > 0 && (
            <>
              <dt>Shape</dt>
              <dd>{shape.map((n) => n.toLocaleString('en')).join(' × ')}</dd>
            </>
          )}
          {foreign && (
            <>
              <dt>From</dt>
              <dd>{origin}</dd>
            </>
          )}
          {preview && (
            <dd className="preview">
              <pre tabIndex={0} aria-label={`Preview of ${name}`}>
                {preview.slice(0, 4000)}
              </pre>
            </dd>
          )}
        </dl>
      )}
    </li>
  )
}

/** The size of what is smaller says nothing of it. */
const leastTold = 1000
/** Whose values say more than their types. */
const plain = new Set([
  ...['int', 'float', 'complex', 'bool', 'str', 'bytes', 'NoneType', 'Decimal', 'Fraction'],
  ...['date', 'datetime', 'timedelta', 'Timestamp', 'Timedelta', 'int64', 'float64', 'bool_'],
])

function kindOf({ type, shape, preview }: Variable): string {
  const short = type.split('.').at(-1)!
  if (shape.length === 1) return `${short} of ${shape[0]!.toLocaleString('en')}`
  if (shape.length > 1) return `${shape.map((n) => n.toLocaleString('en')).join(' × ')} ${short}`
  if (plain.has(short) && preview && !preview.includes('\n')) return `= ${preview}`
  return short === 'function' ? preview : short
}
function bytes(n: number): string {
  if (n < 1e6) return `${Math.round(n / 1000)} kB`
  if (n < 1e9) return `${(n / 1e6).toFixed(n < 1e7 ? 1 : 0)} MB`
  return `${(n / 1e9).toFixed(1)} GB`
}
