import { useStore as useFlow, type NodeProps } from '@xyflow/react'
import { Plus } from 'lucide-react'
import { lazy, memo, Suspense, useEffect, useRef } from 'react'
import type { Block } from '../../model/block'
import { levelAt } from '../../model/visible'
import { addBlock } from '../../core/command/edit'
import type { Live } from '../../core/run/live'
import { imageUrl } from '../../core/output/output'
import { setPage, usePage } from '../../core/session/page'
import { StaticCode } from '../editor/StaticCode'
import { Outputs } from '../output/Outputs'
import { CardHeader } from './CardHeader'
import type { CardNode } from './cards'
import { useHands } from './useHands'
import { useDesk, useLive, useMayNot } from './useStore'
import { Footer } from './Footer'
import './card.css'

const CodeEditor = lazy(() => import('../editor/CodeEditor'))
const Prose = lazy(() => import('../output/Prose'))
const levelOf = (s: { transform: [number, number, number] }) =>
  levelAt(s.transform[2]) === 'near' ? 'near' : 'mid'

export const BlockCard = memo(function BlockCard({ data: { block, size }, selected }: NodeProps<CardNode>) {
  const live = useLive(block.id)
  const level = useFlow(levelOf)
  const hands = useHands()
  const focused = usePage((p) => p.selection.focus === block.id)
  const alone = usePage((p) => p.selection.focus === block.id && p.selection.ids.size === 1)
  const rests = usePage((p) => p.plan?.rests.includes(block.id) ?? false)
  const desk = useDesk()
  const card = useRef<HTMLElement>(null)
  useEffect(() => {
    // Keys moved the focus: the browser's follows, unless a person types somewhere.
    const at = document.activeElement
    if (focused && (at === document.body || at?.closest('.stage-area')) && !card.current!.contains(at))
      card.current!.focus({ preventScroll: true })
  }, [focused])
  const note = block.kind === 'markdown'
  const mayEdit = useMayNot('editor') === undefined
  const names = ['card', note ? 'note' : live.state, level, selected && 'selected', rests && 'rests']
  const draw = (way: 'out' | 'in') => (event: React.PointerEvent) => {
    event.stopPropagation()
    hands.draw(event.nativeEvent, block.id, way)
  }
  return (
    <article
      ref={card}
      className={names.filter(Boolean).join(' ')}
      style={{ width: size.w, height: size.h }}
      aria-label={block.name}
      tabIndex={focused ? 0 : -1}
    >
      {!note && mayEdit && <span className="port in nodrag nopan" onPointerDown={draw('in')} />}
      {(!note || selected) && <CardHeader block={block} live={live} focused={focused} />}
      {level === 'near' ? (
        <Near block={block} live={live} active={alone} />
      ) : (
        <Mid block={block} live={live} />
      )}
      {!note && mayEdit && <span className="port out nodrag nopan" onPointerDown={draw('out')} />}
      {alone && mayEdit && level === 'near' && (
        <>
          {!note && (
            <button
              className="grow nodrag nopan"
              aria-label={`Add a block after ${block.name}`}
              onClick={() => addBlock(desk, 'python', { parent: block.id })}
            >
              <Plus size={12} />
            </button>
          )}
          <span
            className="corner nodrag nopan"
            onPointerDown={(event) => {
              event.stopPropagation()
              hands.resize(event.nativeEvent, block.id)
            }}
          />
        </>
      )}
    </article>
  )
})

function Near({ block, live, active }: { block: Block; live: Live; active: boolean }) {
  const mayEdit = useMayNot('editor') === undefined
  const editing = usePage((p) => p.editing === block.id) && mayEdit
  const folded = usePage((p) => p.folded.has(block.id))
  const note = block.kind === 'markdown'
  const failure = live.state === 'failed' ? live.outputs.find((o) => o.type === 'error') : undefined
  const lines = block.code.split('\n').length
  const still = <StaticCode code={block.code} kind={block.kind} badLine={failure?.line ?? undefined} />
  const unfold = () => setPage((p) => ({ folded: new Set([...p.folded].filter((id) => id !== block.id)) }))
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
          <Prose text={block.code || (mayEdit ? '*An empty note. Enter edits it.*' : '*An empty note.*')} />
        </Suspense>
      ) : folded ? (
        <button className="folded nodrag" onClick={unfold}>
          {lines} {lines === 1 ? 'line' : 'lines'} of code
        </button>
      ) : (
        still
      )}
      {!note && <Outputs block={block} live={live} active={active} />}
      {!note && <Footer block={block} live={live} />}
    </>
  )
}

function Mid({ block, live }: { block: Block; live: Live }) {
  const figure = live.outputs.flatMap((o) => (o.type === 'display' ? (imageUrl(o.data) ?? []) : []))[0]
  if (figure !== undefined) return <img className="figure" src={figure} alt={`Figure of ${block.name}`} />
  return <div className="large-name">{block.name}</div>
}
