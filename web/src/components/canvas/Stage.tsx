import { ReactFlow, useReactFlow, useStoreApi, ViewportPortal, type OnNodeDrag } from '@xyflow/react'
import { useEffect, useMemo, useRef } from 'react'
import '@xyflow/react/dist/base.css'
import type { View } from '../../model/visible'
import { page, setPage, usePage } from '../../core/session/page'
import { atLeast } from '../../core/session/role'
import { Above } from './Above'
import { BlockCard } from './BlockCard'
import { Cards, type CardNode } from './cards'
import { Hands } from './hands'
import { HandsContext } from './useHands'
import { Painter } from './painter'
import { Scene } from './scene'
import { useDesk, useMayNot } from './useStore'
import './stage.css'

const nodeTypes = { block: BlockCard }
const mostPins = 60

/**
 * The stage: xyflow moves the view and tells of drags; which cards there are, and all that is painted, is ours. Cards are
 * handed to xyflow's store directly: this component renders once, however much moves.
 */
export function Stage() {
  const desk = useDesk()
  const { store } = desk
  const mayEdit = useMayNot('editor') === undefined
  const api = useStoreApi<CardNode>()
  const flow = useReactFlow()
  const canvas = useRef<HTMLCanvasElement>(null)
  const painter = useRef<Painter>(undefined)
  const theme = usePage((p) => p.theme)
  const plan = usePage((p) => p.plan)
  const { scene, hands, show } = useMemo(() => {
    const scene = new Scene(store)
    const cards = new Cards(scene)
    const publish = () => api.getState().setNodes(cards.nodes(page().selection.ids))
    const show = () => {
      const { ids } = page().selection
      const pins = new Set(ids.size > mostPins ? [] : ids)
      if (scene.hover !== undefined) pins.add(scene.hover)
      scene.mounts.pins = pins
      painter.current?.pinned()
      publish()
    }
    const eye = {
      point: (event: { clientX: number; clientY: number }) =>
        flow.screenToFlowPosition({ x: event.clientX, y: event.clientY }, { snapToGrid: false }),
      zoom: () => api.getState().transform[2],
      show,
    }
    return { scene, show, hands: new Hands(desk, scene, eye), publish }
  }, [api, desk, flow, store])

  useEffect(() => {
    const look = () => {
      const { transform, width, height } = api.getState()
      const view: View = { x: transform[0], y: transform[1], zoom: transform[2] }
      return { view, size: { w: width, h: height } }
    }
    const p = new Painter(canvas.current!, scene, look, show)
    painter.current = p
    Object.assign(globalThis, { __easel: { counters: p.counters, flow } })
    scene.onDirty = () => {
      p.dirty()
      show()
    }
    const stops = [
      scene.follow(show),
      usePage.subscribe((now, before) => now.selection !== before.selection && show()),
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
  }, [api, flow, scene, show])

  useEffect(() => painter.current?.themed(), [theme])
  useEffect(() => {
    scene.dimmed = new Set(plan?.rests)
    painter.current?.dirty()
  }, [scene, plan])

  const on = useMemo(() => {
    let asked = 0
    const drag: OnNodeDrag<CardNode> = (_, node) => hands.drag(node.id, node.position)
    return {
      drag,
      dropped: () => hands.dropped(),
      click: (event: React.MouseEvent, node: CardNode) => hands.click(event, node.id),
      edit: (event: React.MouseEvent, node: CardNode) => {
        if (
          atLeast(store.role, 'editor') &&
          !(event.target as Element).closest('button, a, summary, .outputs')
        )
          setPage({ editing: node.id })
      },
      down: (event: React.PointerEvent) => {
        if (event.button === 0 && (event.target as Element).classList.contains('react-flow__pane'))
          hands.pane(event.nativeEvent)
      },
      move: (event: React.PointerEvent) => {
        const { clientX, clientY } = event
        if (event.buttons || asked || (event.target as Element).closest('.between')) return
        asked = requestAnimationFrame(() => {
          asked = 0
          hands.hover({ clientX, clientY })
        })
      },
    }
  }, [hands, store])

  return (
    <HandsContext value={hands}>
      <ReactFlow<CardNode>
        className="stage"
        nodeTypes={nodeTypes}
        onNodeDrag={on.drag}
        onNodeDragStop={on.dropped}
        onNodeClick={on.click}
        onNodeDoubleClick={on.edit}
        onPointerDown={on.down}
        onPointerMove={on.move}
        minZoom={0.01}
        maxZoom={2}
        panOnScroll
        panOnDrag={panButtons}
        zoomOnDoubleClick={false}
        elementsSelectable={false}
        nodesDraggable={mayEdit}
        nodesConnectable={false}
        selectNodesOnDrag={false}
        nodeDragThreshold={3}
        multiSelectionKeyCode={null}
        selectionKeyCode={null}
        panActivationKeyCode={null}
        deleteKeyCode={null}
        elevateNodesOnSelect={false}
        disableKeyboardA11y
        nodesFocusable={false}
        proOptions={proOptions}
      >
        <canvas ref={canvas} className="under" aria-hidden="true" />
        <ViewportPortal>
          <Above scene={scene} />
        </ViewportPortal>
      </ReactFlow>
    </HandsContext>
  )
}
const panButtons = [1, 2]
const proOptions = { hideAttribution: true }
