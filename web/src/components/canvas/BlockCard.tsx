import { Handle, Position, useStore as useFlow, type Node, type NodeProps } from '@xyflow/react'
import { Ellipsis, Play, Plus, Square } from 'lucide-react'
import { lazy, memo, Suspense } from 'react'
import type { Block } from '../../model/block'
import { levelAt } from '../../model/visible'
import { commandNamed } from '../../core/command/commands'
import { addBlock } from '../../core/command/edit'
import { secondsOf, type Live } from '../../core/run/live'
import { imageUrl } from '../../core/output/output'
import { selectBlocks, setPage, usePage } from '../../core/session/page'
import { select } from '../../model/selection'
import { Button } from '../ui/Button'
import { Menu } from '../ui/Menu'
import { StaticCode } from '../editor/StaticCode'
import { Outputs } from '../output/Outputs'
import { StateMark } from './state_look'
import { useDesk, useLive } from './useStore'
import { Footer } from './Footer'
import './card.css'

const CodeEditor = lazy(() => import('../editor/CodeEditor'))
const Prose = lazy(() => import('../output/Prose'))
export type CardNode = Node<{ block: Block }, 'block'>
const levelOf = (s: { transform: [number, number, number] }) =>
  levelAt(s.transform[2]) === 'near' ? 'near' : 'mid'
const kindChips = { python: 'Py', sql: 'SQL', r: 'R', markdown: 'Md', gather: 'Gather' } as const

export const BlockCard = memo(function BlockCard({ data: { block }, selected }: NodeProps<CardNode>) {
  const live = useLive(block.id)
  const level = useFlow(levelOf)
  const focused = usePage((p) => p.selection.focus === block.id && p.selection.ids.size === 1)
  const desk = useDesk()
  const note = block.kind === 'markdown'
  const names = ['card', note ? 'note' : live.state, level, selected && 'selected'].filter(Boolean)
  return (
    <article
      className={names.join(' ')}
      style={{ width: block.size.w, height: block.size.h }}
      aria-label={block.name}
    >
      {!note && <Handle type="target" position={Position.Left} className="port" />}
      {(!note || selected) && <Header block={block} live={live} />}
      {level === 'near' ? <Near block={block} live={live} /> : <Mid block={block} live={live} />}
      {!note && <Handle type="source" position={Position.Right} className="port" />}
      {focused && !note && level === 'near' && (
        <button
          className="grow nodrag"
          aria-label={`Add a block after ${block.name}`}
          onClick={() => addBlock(desk, 'python', { parent: block.id })}
        >
          <Plus size={12} />
        </button>
      )}
    </article>
  )
})

function Header({ block, live }: { block: Block; live: Live }) {
  const desk = useDesk()
  const seconds = secondsOf(live)
  const busy = live.state === 'running' || live.state === 'queued'
  const act = (id: string) => () => {
    selectBlocks(select([block.id]))
    commandNamed(id).run(desk)
  }
  const item = (id: string) => {
    const { title, keys } = commandNamed(id)
    return { title, keys: keys[0], onSelect: act(id) }
  }
  return (
    <header>
      <span className={`kind ${block.kind}`}>{kindChips[block.kind]}</span>
      <h3>{block.name}</h3>
      {block.kind !== 'markdown' && <StateMark state={live.state} />}
      {seconds !== undefined && live.state !== 'queued' && <span className="time">{time(seconds)}</span>}
      <span className="acts nodrag">
        {block.kind !== 'markdown' && (
          <Button
            look="icon"
            aria-label={`${busy ? 'Stop' : 'Run'} ${block.name}`}
            onClick={busy ? () => desk.store.cancel() : act('run.stay')}
          >
            {busy ? <Square size={11} fill="currentColor" /> : <Play size={13} fill="currentColor" />}
          </Button>
        )}
        <Menu
          trigger={
            <Button look="icon" aria-label={`More for ${block.name}`}>
              <Ellipsis size={15} />
            </Button>
          }
          items={['edit', 'run.up_to', 'run.from', 'run.this.force', 'duplicate', 'fold', 'delete'].map(item)}
        />
      </span>
    </header>
  )
}

function Near({ block, live }: { block: Block; live: Live }) {
  const desk = useDesk()
  const editing = usePage((p) => p.editing === block.id)
  const folded = usePage((p) => p.folded.has(block.id))
  const note = block.kind === 'markdown'
  const failure = live.state === 'failed' ? live.outputs.find((o) => o.type === 'error') : undefined
  const lines = block.code.split('\n').length
  const still = <StaticCode code={block.code} kind={block.kind} badLine={failure?.line ?? undefined} />
  return (
    <>
      {editing ? (
        <Suspense fallback={still}>
          <CodeEditor
            block={block.id}
            kind={block.kind}
            label={`Code of ${block.name}`}
            onLeave={() => setPage({ editing: undefined })}
          />
        </Suspense>
      ) : note ? (
        <Suspense>
          <Prose text={block.code} />
        </Suspense>
      ) : folded ? (
        <button className="folded nodrag" onClick={() => desk.store.graph && commandNamed('fold').run(desk)}>
          {lines} {lines === 1 ? 'line' : 'lines'} of code
        </button>
      ) : (
        still
      )}
      {!note && <Outputs live={live} />}
      {!note && <Footer block={block} live={live} />}
    </>
  )
}

function Mid({ block, live }: { block: Block; live: Live }) {
  const figure = live.outputs.flatMap((o) => (o.type === 'display' ? (imageUrl(o.data) ?? []) : []))[0]
  if (figure !== undefined) return <img className="figure" src={figure} alt={`Figure of ${block.name}`} />
  return <div className="large-name">{block.name}</div>
}

function time(seconds: number): string {
  if (seconds < 0.1) return `${Math.max(1, Math.round(seconds * 1000))} ms`
  if (seconds < 60) return `${seconds.toFixed(1)} s`
  return `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, '0')}`
}
