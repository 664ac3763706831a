import { useStoreApi } from '@xyflow/react'
import { Eye, Map as MapIcon, Maximize, Minus, Plus } from 'lucide-react'
import { lazy, Suspense, useEffect, useRef } from 'react'
import { addable, kindWords } from '../../core/command/kinds'
import { commandNamed } from '../../core/command/commands'
import { backToStage } from '../../core/command/regions'
import { addBlock } from '../../core/command/edit'
import { atLeast } from '../../core/session/role'
import { setPage, usePage } from '../../core/session/page'
import { useDesk, useMayNot } from '../canvas/useStore'
import { Button } from '../ui/Button'
import { SelectionBar } from './SelectionBar'

const Minimap = lazy(() => import('../canvas/Minimap'))
const chips = { python: 'Py', markdown: 'Md' } as const

/** The toolbars that float above the stage. */
export function StageBars() {
  const desk = useDesk()
  const minimap = usePage((p) => p.minimap)
  const mayNot = useMayNot('editor')
  return (
    <>
      {mayNot !== undefined ? (
        <p className="bar only" title={mayNot}>
          <Eye size={14} />
          {atLeast(desk.store.role, 'runner')
            ? 'You may run blocks here, not change them'
            : 'You may look here, not change or run'}
        </p>
      ) : (
        <div className="bar tools" role="toolbar" aria-label="Add blocks" onClick={backToStage}>
          {addable.map(([kind, key]) => (
            <Button
              key={kind}
              look="ghost"
              data-tip={`Add ${kindWords[kind]} (${key})`}
              aria-label={`Add ${kindWords[kind]}`}
              onClick={() => addBlock(desk, kind)}
            >
              <span className={`kind ${kind}`} data-chip={chips[kind]} />
              <span className="word">{kindWords[kind]}</span>
            </Button>
          ))}
          <SelectionBar />
        </div>
      )}
      <div className="bar zoom" role="toolbar" aria-label="Zoom" onClick={backToStage}>
        <Button
          look="icon"
          aria-label="Minimap"
          aria-pressed={minimap}
          onClick={() => setPage({ minimap: !minimap })}
        >
          <MapIcon size={14} />
        </Button>
        <Button look="icon" aria-label="Zoom out" onClick={() => desk.camera.zoomBy(0.8)}>
          <Minus size={14} />
        </Button>
        <Percent />
        <Button look="icon" aria-label="Zoom in" onClick={() => desk.camera.zoomBy(1.25)}>
          <Plus size={14} />
        </Button>
        <Button look="icon" aria-label="Fit canvas" onClick={() => commandNamed('fit').run(desk)}>
          <Maximize size={14} />
        </Button>
      </div>
      <Suspense>{minimap && <Minimap />}</Suspense>
    </>
  )
}

/** Written without rendering: a zoom changes it with each frame. */
function Percent() {
  const text = useRef<HTMLSpanElement>(null)
  const api = useStoreApi()
  useEffect(() => {
    const write = () => {
      const now = `${Math.round(api.getState().transform[2] * 100)} %`
      if (text.current && text.current.textContent !== now) text.current.textContent = now
    }
    write()
    return api.subscribe((now, before) => now.transform[2] !== before.transform[2] && write())
  }, [api])
  return <span ref={text} />
}
