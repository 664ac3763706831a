import { lazy, Suspense } from 'react'
import { Table2, X } from 'lucide-react'
import type { Block } from '../../model/block'
import { attempt } from '../../core/command/edit'
import type { Variable } from '../../core/canvas/store'
import { secondsOf } from '../../core/run/live'
import { setPage, usePage } from '../../core/session/page'
import { StateMark } from '../canvas/state_look'
import { useBlock, useDesk, useLive } from '../canvas/useStore'
import { Button } from '../ui/Button'
import { Field } from '../ui/Field'
import { Tabs } from '../ui/Tabs'
import './inspector.css'

const History = lazy(() => import('../history/History'))

/** What there is to know and set about the selected block. */
export function Inspector() {
  const selection = usePage((p) => p.selection)
  const block = useBlock(selection.focus ?? '')
  return (
    <aside className="inspector" aria-label="Inspector">
      <Button
        look="icon"
        className="close"
        aria-label="Close inspector"
        onClick={() => setPage({ inspector: false })}
      >
        <X size={14} />
      </Button>
      {block && selection.ids.size === 1 ? (
        <Of key={block.id} block={block} />
      ) : (
        <p className="nothing">
          {selection.ids.size > 1
            ? `${selection.ids.size} blocks are selected.`
            : 'Select a block to see its variables, settings and history.'}
        </p>
      )}
    </aside>
  )
}

function Of({ block }: { block: Block }) {
  const { store } = useDesk()
  const live = useLive(block.id)
  const seconds = secondsOf(live)
  return (
    <>
      <h2>{block.name}</h2>
      <p className="line">
        <StateMark state={live.state} />
        <span>
          {live.state === 'up_to_date' ? seconds !== undefined && `ran ${seconds.toFixed(1)} s` : live.reason}
        </span>
      </p>
      <Tabs
        tabs={[
          ['Variables', <Variables key="v" block={block} variables={store.variables(block.id)} />],
          ['Block', <Settings key="b" block={block} />],
          [
            'History',
            <Suspense key="h">
              <History block={block} />
            </Suspense>,
          ],
        ]}
      />
    </>
  )
}

function Variables({ block, variables }: { block: Block; variables: readonly Variable[] }) {
  const shown = variables.filter((v) => v.type !== 'module')
  const groups = [
    ['Made here', shown.filter((v) => v.carried && v.origin === block.name)],
    ['From parents', shown.filter((v) => v.carried && v.origin !== block.name)],
    ['Not kept', shown.filter((v) => !v.carried)],
  ] as const
  if (shown.length === 0) return <p className="nothing">No variables yet. Shift+Enter runs the block.</p>
  return groups.map(
    ([title, list]) =>
      list.length > 0 && (
        <section key={title} className="group">
          <h3>{title}</h3>
          <ul>
            {list.map((variable) => (
              <li key={variable.name} title={variable.reason ?? variable.preview}>
                <b>{variable.name}</b>
                <span>{kindOf(variable)}</span>
                <em>{bytes(variable.bytes)}</em>
                {variable.table && (
                  <Button
                    look="icon"
                    aria-label={`Open ${variable.name} as a table`}
                    onClick={() => setPage({ table: { block: block.id, variable: variable.name } })}
                  >
                    <Table2 size={13} />
                  </Button>
                )}
              </li>
            ))}
          </ul>
        </section>
      ),
  )
}

function Settings({ block }: { block: Block }) {
  const desk = useDesk()
  const set = (name: 'environment' | 'cache' | 'memory' | 'timeout') => (value: string) =>
    attempt(desk, {
      op: 'setSettings',
      id: block.id,
      settings: { ...block.settings, [name]: value || undefined },
    })
  return (
    <div className="fields">
      <Field
        label="Name"
        value={block.name}
        onCommit={(name) => attempt(desk, { op: 'rename', id: block.id, name })}
      />
      <Field
        label="Environment"
        value={block.settings.environment ?? ''}
        placeholder="default"
        onCommit={set('environment')}
      />
      <Field label="Cache" value={block.settings.cache ?? ''} placeholder="auto" onCommit={set('cache')} />
      <Field
        label="Memory"
        value={block.settings.memory ?? ''}
        placeholder="no limit"
        onCommit={set('memory')}
      />
      <Field
        label="Timeout"
        value={block.settings.timeout ?? ''}
        placeholder="no limit"
        onCommit={set('timeout')}
      />
    </div>
  )
}

function kindOf(variable: Variable): string {
  const type = variable.type.split('.').at(-1)!
  if (variable.shape.length > 0)
    return `${type} ${variable.shape.map((n) => n.toLocaleString('en')).join(' × ')}`
  return type === 'function' ? variable.preview : type
}
function bytes(n: number): string {
  if (n < 1000) return `${n} B`
  if (n < 1e6) return `${Math.round(n / 1000)} kB`
  return `${(n / 1e6).toFixed(n < 1e7 ? 1 : 0)} MB`
}
