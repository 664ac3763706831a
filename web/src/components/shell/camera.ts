import type { ReactFlowInstance } from '@xyflow/react'
import { blockRect, type BlockId } from '../../model/block'
import { bounds, type Rect } from '../../model/rect'
import { fitView, readZoom, zoomOfWholeColumns } from '../../model/visible'
import type { CanvasStore } from '../../core/canvas/store'
import type { Camera } from '../../core/command/command'

/** Pixels that are left free around what is shown. */
const edge = 24
/** A block with the handle at its right that adds the next. */
const roomy = (rect: Rect): Rect => ({ ...rect, x1: rect.x1 + 30 })

/** The moves of the view that commands ask for. */
export function makeCamera(flow: ReactFlowInstance, store: CanvasStore): Camera {
  const area = () => document.querySelector('.stage-area')!.getBoundingClientRect()
  const duration = () => (matchMedia('(prefers-reduced-motion: reduce)').matches ? 0 : 240)
  const show = (id: BlockId, beside?: BlockId) => {
    const block = store.graph.block(id)
    if (!block) return
    const { width: w, height } = area()
    const h = height - 60
    const { x, y, zoom: now } = flow.getViewport()
    const other = beside === undefined ? undefined : store.graph.block(beside)
    const both = other && bounds([blockRect(block), blockRect(other)])
    // Both at once, smaller if need be, but not too small to read.
    const together = both && Math.min(now, fitView(roomy(both), { w, h }, edge).zoom)
    const fits = together !== undefined && together >= readZoom
    const zoom = fits ? together : now
    const r = roomy(fits ? both! : blockRect(block))
    const nudge = (begin: number, end: number, room: number) => {
      if (end - begin > room - 2 * edge || begin < edge) return edge - begin
      return Math.min(0, room - edge - end)
    }
    const dx = nudge(r.x0 * zoom + x, r.x1 * zoom + x, w)
    const dy = nudge(r.y0 * zoom + y, r.y1 * zoom + y, h)
    if (dx !== 0 || dy !== 0 || zoom !== now)
      void flow.setViewport({ x: x + dx, y: y + dy, zoom }, { duration: duration() })
  }
  return {
    fit() {
      const { width: w, height: h } = area()
      const all = bounds([...store.graph.blocks()].map(blockRect))
      if (all) void flow.setViewport(fitView(all, { w, h: h - 60 }, 24))
    },
    open() {
      const { width: w, height: h } = area()
      const all = bounds([...store.graph.blocks()].map(blockRect))
      if (!all) return
      const view = fitView(all, { w, h: h - 60 }, 24)
      if (view.zoom >= readZoom) return void flow.setViewport(view)
      const zoom = zoomOfWholeColumns([...store.graph.blocks()].map(blockRect), all, { w: w - 28, h })
      void flow.setViewport({ x: 24 - all.x0 * zoom, y: 24 - all.y0 * zoom, zoom })
    },
    zoomBy(factor) {
      void flow.zoomTo(flow.getZoom() * factor, { duration: duration() })
    },
    focus(id) {
      const block = store.graph.block(id)
      if (!block) return
      const r = blockRect(block)
      const zoom = Math.max(0.8, Math.min(1, flow.getZoom()))
      void flow.setCenter((r.x0 + r.x1) / 2, (r.y0 + r.y1) / 2, { zoom, duration: duration() })
    },
    show(id, beside) {
      show(id, beside)
      // A panel that comes with the selection takes room.
      requestAnimationFrame(() => show(id, beside))
    },
    pointAt: ({ clientX: x, clientY: y }) => flow.screenToFlowPosition({ x, y }),
    middle() {
      const { left, top, width, height } = area()
      return flow.screenToFlowPosition({ x: left + width / 2, y: top + height / 2 })
    },
  }
}
