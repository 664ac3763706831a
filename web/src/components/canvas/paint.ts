import { runStates, type BlockId } from '../../model/block'
import { curveBetween } from '../../model/curve'
import type { Rect } from '../../model/rect'
import { farZoom, type View } from '../../model/visible'
import { doubtsOf } from '../../core/canvas/doubts'
import type { Scene } from './scene'

/** The colours of styles/tokens.css, read anew when the theme changes. */
export function paintColours(element: Element) {
  const style = getComputedStyle(element)
  const token = (name: string) => style.getPropertyValue(name).trim()
  return {
    edge: token('--edge'),
    hot: token('--accent'),
    surface: token('--surface'),
    line: token('--rim'),
    ink: token('--ink'),
    lines: token('--hover'),
    state: {
      up_to_date: token('--ok'),
      stale: token('--stale'),
      running: token('--accent'),
      failed: token('--err'),
      queued: token('--idle'),
      cancelled: token('--idle'),
      skipped: token('--idle'),
      never_run: token('--edge'),
      may_change: token('--idle'),
    },
  }
}
export type Colours = ReturnType<typeof paintColours>

export interface Bitmap {
  readonly context: CanvasRenderingContext2D
  readonly pixelRatio: number
  /** The pixel of the window that the bitmap's corner is at. */
  readonly origin: { readonly x: number; readonly y: number }
}

/** Paint the edges that touch `area`, and every block there without a card: a few batched paths in all. */
export function paint(bitmap: Bitmap, scene: Scene, view: View, area: Rect, colours: Colours): void {
  const { context, pixelRatio, origin } = bitmap
  const { zoom } = view
  context.setTransform(1, 0, 0, 1, 0, 0)
  context.clearRect(0, 0, context.canvas.width, context.canvas.height)
  const scale = pixelRatio * zoom
  context.setTransform(scale, 0, 0, scale, pixelRatio * (view.x - origin.x), pixelRatio * (view.y - origin.y))
  paintEdges(context, scene, zoom, area, colours)
  paintBlocks(context, scene, zoom, area, colours)
}

function paintEdges(
  context: CanvasRenderingContext2D,
  scene: Scene,
  zoom: number,
  area: Rect,
  colours: Colours,
) {
  const { graph } = scene.store
  context.lineWidth = Math.max(1.5, 0.75 / zoom)
  context.strokeStyle = colours.edge
  context.beginPath()
  for (const { parent, child } of graph.edges()) {
    if (scene.lifted.size > 0 && (scene.lifted.has(parent) || scene.lifted.has(child))) continue
    const a = scene.rect(parent)
    const b = scene.rect(child)
    if (Math.max(a.x1, b.x1) < area.x0 || Math.min(a.x0, b.x0) > area.x1) continue
    if (Math.max(a.y1, b.y1) < area.y0 || Math.min(a.y0, b.y0) > area.y1) continue
    const { from, to, reach } = curveBetween(a, b)
    context.moveTo(from.x, from.y)
    if (zoom < 0.15) context.lineTo(to.x, to.y)
    else context.bezierCurveTo(from.x + reach, from.y, to.x - reach, to.y, to.x, to.y)
  }
  context.stroke()
}

function paintBlocks(
  context: CanvasRenderingContext2D,
  scene: Scene,
  zoom: number,
  area: Rect,
  colours: Colours,
) {
  const bare: { id: BlockId; rect: Rect }[] = []
  for (const id of scene.grid.inside(area))
    if (!scene.mounts.set.has(id) && scene.store.graph.block(id)?.kind !== 'markdown')
      bare.push({ id, rect: scene.rect(id) })
  const rects = (of: typeof bare, width?: number) => {
    context.beginPath()
    for (const { rect } of of) context.rect(rect.x0, rect.y0, width ?? rect.x1 - rect.x0, rect.y1 - rect.y0)
  }
  context.fillStyle = colours.surface
  rects(bare)
  context.fill()
  if (zoom > 0.12) {
    context.strokeStyle = colours.line
    context.lineWidth = 1 / zoom
    context.stroke()
  }
  const bar = Math.min(60, Math.max(8, 3 / zoom))
  const doubts = doubtsOf(scene.store)
  for (const state of [...runStates, 'may_change'] as const) {
    context.fillStyle = colours.state[state]
    rects(
      bare.filter(
        ({ id }) =>
          !scene.dimmed.has(id) && (doubts.has(id) ? 'may_change' : scene.store.live(id).state) === state,
      ),
      bar,
    )
    context.fill()
  }
  // Below this 11 pixels of a name do not fit.
  if (zoom < 0.17) return
  context.fillStyle = colours.ink
  context.font = `600 ${Math.min(64, 11 / zoom)}px "Inter Variable", sans-serif`
  context.textBaseline = 'top'
  for (const { id, rect } of bare)
    context.fillText(
      scene.store.graph.block(id)!.name,
      rect.x0 + bar + 14,
      rect.y0 + 16,
      rect.x1 - rect.x0 - bar - 28,
    )
  if (zoom < farZoom) return
  context.fillStyle = colours.lines
  context.beginPath()
  for (const { rect } of bare)
    for (let line = 0; line < 7 && rect.y0 + 90 + line * 24 < rect.y1; line++)
      context.rect(
        rect.x0 + bar + 14,
        rect.y0 + 80 + line * 24,
        (rect.x1 - rect.x0) * (0.4 + (line % 3) * 0.15),
        8,
      )
  context.fill()
}
