import {
  ReactFlow,
  SelectionMode,
  useReactFlow,
  useStoreApi,
  ViewportPortal,
  type NodeChange,
} from '@xyflow/react'
import { useEffect, useMemo, useRef, useState } from 'react'
import '@xyflow/react/dist/base.css'
import { edgeKey } from '../../model/edge'
import { select } from '../../model/selection'
import { farZoom, type View } from '../../model/visible'
import { attempt } from '../../core/command/edit'
import { page, say, selectBlocks, setPage, usePage } from '../../core/session/page'
import { BlockCard, type CardNode } from './BlockCard'
import { HotEdges } from './HotEdges'
import { Painter } from './painter'
import { Scene } from './scene'
import { useDesk } from './useStore'
import './stage.css'

const nodeTypes = { block: BlockCard }

/** The stage: xyflow moves the view and drags cards; which cards there are, and all that is painted, is ours. */
export function Stage() {
  const desk = useDesk()
  const { store } = desk
  const api = useStoreApi()
  const flow = useReactFlow()
  const canvas = useRef<HTMLCanvasElement>(null)
  const scene = useMemo(() => new Scene(store), [store])
  const [shown, setShown] = useState(0)
  const [places, setPlaces] = useState<ReadonlyMap<string, { x: number; y: number }>>(new Map())
  const selection = usePage((p) => p.selection)
  const theme = usePage((p) => p.theme)
  const painter = useRef<Painter>(undefined)

  useEffect(() => {
    const look = () => {
      const { transform, width, height } = api.getState()
      const view: View = { x: transform[0], y: transform[1], zoom: transform[2] }
      return { view, size: { w: width, h: height } }
    }
    const p = new Painter(canvas.current!, scene, look, () => setShown((n) => n + 1))
    painter.current = p
    Object.assign(globalThis, { __easel: { counters: p.counters, flow } })
    scene.onDirty = () => {
      p.dirty()
      setShown((n) => n + 1)
    }
    const stops = [
      scene.follow(),
      api.subscribe((now, before) => {
        if (now.transform !== before.transform || now.width !== before.width || now.height !== before.height)
          p.moved()
      }),
    ]
    void document.fonts.ready.then(() => p.dirty())
    p.dirty()
    return () => {
      for (const stop of stops) stop()
      p.stop()
    }
  }, [api, flow, scene])

  useEffect(() => painter.current?.themed(), [theme])

  const pin = () => {
    const pins = selection.ids.size > 60 ? new Set<string>() : new Set(selection.ids)
    if (scene.hover !== undefined) pins.add(scene.hover)
    scene.mounts.pins = pins
    painter.current?.dirty()
  }
  // Not after each render: a moving view renders often, and each pin asks for a painting.
  useEffect(pin, [selection, scene])

  const point = (event: { clientX: number; clientY: number }) =>
    flow.screenToFlowPosition({ x: event.clientX, y: event.clientY }, { snapToGrid: false })
  const zoom = () => api.getState().transform[2]

  const nodes = useMemo(
    () =>
      [...scene.mounts.set].flatMap((id): CardNode[] => {
        const block = store.graph.block(id)
        if (!block) return []
        return [
          {
            id,
            type: 'block',
            position: places.get(id) ?? block.at,
            data: { block },
            selected: selection.ids.has(id),
            width: block.size.w,
            height: block.size.h,
            measured: { width: block.size.w, height: block.size.h },
          },
        ]
      }),
    // `shown` counts what the scene published: the set itself is changed in place.
    // eslint-disable-next-line react-hooks/exhaustive-deps
    [scene, store, places, selection, shown],
  )

  const onNodesChange = (changes: NodeChange<CardNode>[]) => {
    const picked = changes.filter((change) => change.type === 'select')
    if (picked.length > 0) {
      const ids = new Set(page().selection.ids)
      for (const change of picked)
        if (change.selected) ids.add(change.id)
        else ids.delete(change.id)
      selectBlocks(select(ids, picked.findLast((change) => change.selected)?.id))
    }
    const moved = changes.filter((change) => change.type === 'position')
    if (moved.length === 0) return
    const next = new Map(places)
    for (const change of moved)
      if (change.position && change.dragging) {
        next.set(change.id, change.position)
        scene.drag(change.id, change.position)
      }
    setPlaces(next)
  }
  const onDragStop = () => {
    // Asked of the scene: the last step may not have been rendered yet.
    const moves = [...scene.lifted].map((id) => {
      const { x0, y0 } = scene.rect(id)
      return { id, at: { x: Math.round(x0), y: Math.round(y0) } }
    })
    if (moves.length > 0) attempt(desk, { op: 'move', moves })
    scene.drop()
    setPlaces(new Map())
  }
  const onPaneClick = (event: React.MouseEvent) => {
    const edge = scene.edgeAt(point(event), 8 / zoom())
    selectBlocks(select([]))
    setPage({ edge: edge && edgeKey(edge) })
    if (edge)
      say(`Edge from ${store.graph.block(edge.parent)!.name} to ${store.graph.block(edge.child)!.name}.`)
  }
  const onPointerMove = (event: React.PointerEvent) => {
    if (event.buttons || zoom() >= farZoom) return
    const over = scene.grid.at(point(event))
    if (over === scene.hover) return
    scene.hover = over
    pin()
  }

  return (
    <ReactFlow<CardNode>
      className="stage"
      nodes={nodes}
      edges={none}
      nodeTypes={nodeTypes}
      onNodesChange={onNodesChange}
      onNodeDragStop={onDragStop}
      onSelectionDragStop={onDragStop}
      onPaneClick={onPaneClick}
      onPointerMove={onPointerMove}
      onConnect={({ source, target }) =>
        attempt(desk, { op: 'connect', edge: { parent: source, child: target } })
      }
      onNodeDoubleClick={(_, node) => setPage({ editing: node.id })}
      minZoom={0.01}
      maxZoom={2}
      panOnScroll
      panOnDrag={[1, 2]}
      zoomOnDoubleClick={false}
      selectionOnDrag
      selectionMode={SelectionMode.Partial}
      multiSelectionKeyCode="Shift"
      selectionKeyCode={null}
      deleteKeyCode={null}
      elevateNodesOnSelect={false}
      disableKeyboardA11y
      nodesFocusable={false}
      connectionRadius={28}
      proOptions={{ hideAttribution: true }}
    >
      <canvas ref={canvas} className="under" aria-hidden="true" />
      <ViewportPortal>
        <HotEdges scene={scene} version={shown} places={places} />
      </ViewportPortal>
    </ReactFlow>
  )
}
const none: [] = []
