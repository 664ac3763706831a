import { Tooltip } from '@base-ui/react/tooltip'
import { ReactFlowProvider, useReactFlow } from '@xyflow/react'
import { lazy, Suspense, useEffect, useMemo } from 'react'
import type { CanvasStore } from '../../core/canvas/store'
import type { Camera } from '../../core/command/command'
import { prune, select } from '../../model/selection'
import { page, selectBlocks, setPage, usePage } from '../../core/session/page'
import { DeskContext } from '../canvas/useStore'
import { Stage } from '../canvas/Stage'
import { Outline } from '../outline/Outline'
import { makeCamera } from './camera'
import { Rail } from './Rail'
import { StageBars } from './StageBars'
import { TopBar } from './TopBar'
import { useKeys } from './useKeys'
import './shell.css'

// Panels come after the stage: the first thing to see is blocks.
const Inspector = lazy(() => import('../inspector/Inspector').then((m) => ({ default: m.Inspector })))
const RunDrawer = lazy(() => import('../run/RunDrawer').then((m) => ({ default: m.RunDrawer })))
const Runs = lazy(() => import('../history/Runs'))
const Palette = lazy(() => import('../palette/Palette'))
const Keys = lazy(() => import('../palette/Keys'))
import '../palette/palette.css'

export function App({ store }: { store: CanvasStore }) {
  return (
    <Tooltip.Provider>
      <ReactFlowProvider>
        <Shell store={store} />
      </ReactFlowProvider>
    </Tooltip.Provider>
  )
}

function Shell({ store }: { store: CanvasStore }) {
  const flow = useReactFlow()
  const camera = useMemo<Camera>(() => makeCamera(flow, store), [flow, store])
  const desk = useMemo(() => ({ store, camera }), [store, camera])
  const { panel, side, inspector, drawer, dialog } = usePage()
  useKeys(desk)
  useEffect(() => {
    selectBlocks(select([]))
    const frame = requestAnimationFrame(() => camera.open())
    const stop = store.onChange(() => {
      const left = prune(page().selection, store.graph)
      if (left !== page().selection) setPage({ selection: left })
    })
    return () => {
      cancelAnimationFrame(frame)
      stop()
    }
  }, [store, camera])
  const look = ['app', panel && 'with-panel', inspector && 'with-inspector', drawer && 'with-drawer']
  return (
    <DeskContext value={desk}>
      <div className={look.filter(Boolean).join(' ')}>
        <Rail />
        <TopBar />
        {panel && (
          <nav className="panel" aria-label="Panel">
            <Suspense>
              {side === 'outline' && <Outline />}
              {side === 'runs' && <Runs />}
            </Suspense>
          </nav>
        )}
        <main className="stage-area" tabIndex={-1} aria-label="Stage">
          <Stage />
          <StageBars />
        </main>
        <Suspense fallback={inspector && <aside className="inspector" aria-label="Inspector" />}>
          {inspector && <Inspector />}
        </Suspense>
        <Suspense>
          {drawer && <RunDrawer />}
          {dialog === 'palette' && <Palette />}
          {dialog === 'keys' && <Keys />}
        </Suspense>
      </div>
    </DeskContext>
  )
}
