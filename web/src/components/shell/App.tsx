import { ReactFlowProvider, useReactFlow } from '@xyflow/react'
import { lazy, Suspense, useEffect, useMemo } from 'react'
import type { CanvasStore } from '../../core/canvas/store'
import type { Camera } from '../../core/command/command'
import { prune, select } from '../../model/selection'
import { levelAt } from '../../model/visible'
import { page, selectBlocks, setPage, usePage } from '../../core/session/page'
import { DeskContext } from '../canvas/useStore'
import { Outline } from '../outline/Outline'
import { Announcer } from './Announcer'
import { makeCamera } from './camera'
import { Rail } from './Rail'
import { StageArea } from './StageArea'
import { TopBar } from './TopBar'
import { useClipboard } from './useClipboard'
import { useKeys } from './useKeys'
import './shell.css'

// Panels come after the stage: the first thing to see is blocks.
const Inspector = lazy(() => import('../inspector/Inspector').then((m) => ({ default: m.Inspector })))
const RunDrawer = lazy(() => import('../run/RunDrawer').then((m) => ({ default: m.RunDrawer })))
const Files = lazy(() => import('../files/Files'))
const Runs = lazy(() => import('../history/Runs'))
const TablePanel = lazy(() => import('../table/TablePanel'))
const Palette = lazy(() => import('../palette/Palette'))
const Connect = lazy(() => import('../palette/Connect'))
const FullScreen = lazy(() => import('../output/FullScreen'))
const Sharing = lazy(() => import('../team/Sharing'))
const Keys = lazy(() => import('../palette/Keys'))
const MenuAt = lazy(() => import('../ui/MenuAt'))
import '../palette/palette.css'

export function App({ store }: { store: CanvasStore }) {
  return (
    <ReactFlowProvider>
      <Shell store={store} />
    </ReactFlowProvider>
  )
}

function Shell({ store }: { store: CanvasStore }) {
  const flow = useReactFlow()
  const camera = useMemo<Camera>(() => makeCamera(flow, store), [flow, store])
  const desk = useMemo(() => ({ store, camera }), [store, camera])
  const panel = usePage((p) => p.panel)
  const side = usePage((p) => p.side)
  const inspector = usePage((p) => p.inspector && p.selection.ids.size > 0)
  const drawer = usePage((p) => p.drawer)
  const dialog = usePage((p) => p.dialog)
  const menu = usePage((p) => p.menu)
  const table = usePage((p) => p.table)
  const editing = usePage((p) => p.editing)
  // Code is written where it can be read.
  useEffect(() => {
    if (editing !== undefined && levelAt(flow.getZoom()) !== 'near') camera.focus(editing)
  }, [camera, editing, flow])
  useKeys(desk)
  useClipboard(desk)
  useEffect(() => {
    selectBlocks(select([]))
    // At once, so that the first cards are those that stay.
    camera.open()
    return store.onChange(() => {
      const left = prune(page().selection, store.graph)
      if (left !== page().selection) setPage({ selection: left })
    })
  }, [store, camera])
  const look = ['app', panel && 'with-panel', inspector && 'with-inspector', drawer && 'with-drawer']
  return (
    <DeskContext value={desk}>
      <div className={look.filter(Boolean).join(' ')}>
        <Announcer />
        <Rail />
        <TopBar />
        {panel && (
          <nav className="panel" aria-label="Panel">
            <Suspense>
              {side === 'outline' && <Outline />}
              {side === 'files' && <Files />}
              {side === 'runs' && <Runs />}
            </Suspense>
          </nav>
        )}
        <StageArea />
        <Suspense fallback={inspector && <aside className="inspector" aria-label="Inspector" />}>
          {inspector && <Inspector />}
        </Suspense>
        <Suspense>
          {drawer && <RunDrawer />}
          {table && <TablePanel key={`${table.block}/${table.variable}`} place={table} />}
          {dialog === 'palette' && <Palette />}
          {dialog === 'keys' && <Keys />}
          {dialog === 'connect' && <Connect />}
          {dialog === 'full' && <FullScreen />}
          {dialog === 'share' && (
            <Sharing
              canvas={store.id}
              name={store.name}
              role={store.role}
              onClose={() => setPage({ dialog: undefined })}
            />
          )}
          {menu && <MenuAt {...menu} onClose={() => setPage({ menu: undefined })} />}
        </Suspense>
      </div>
    </DeskContext>
  )
}
