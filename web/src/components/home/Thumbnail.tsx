import { memo } from 'react'
import type { CanvasSummary } from './canvases'

type Boxes = NonNullable<CanvasSummary['thumbnail']>
const wide = 280
const high = 150
const edge = 14
const readable = 0.1
/** Of code: for a box of at least so many pixels, so far below its mark, and its share of the width. */
const lines = [
  [18, 8, 0.7],
  [24, 13, 0.55],
] as const

/** A canvas from far: its blocks as boxes with a bar in the colour of their state. */
export const Thumbnail = memo(function Thumbnail({ boxes }: { boxes: Boxes }) {
  const x0 = Math.min(...boxes.map((b) => b.x))
  const y0 = Math.min(...boxes.map((b) => b.y))
  const width = Math.max(...boxes.map((b) => b.x + b.width)) - x0
  const height = Math.max(...boxes.map((b) => b.y + b.height)) - y0
  // A canvas of one block is not shown as a wall.
  const [across, down] = [(wide - 2 * edge) / width, (high - 2 * edge) / height]
  // One that is long or tall begins here, and goes on.
  const scale = Math.min(Math.max(Math.min(across, down), Math.min(readable, Math.max(across, down))), 0.22)
  const left = Math.max(edge, (wide - width * scale) / 2)
  const top = Math.max(edge, (high - height * scale) / 2)
  return (
    <svg className="thumbnail" viewBox={`0 0 ${wide} ${high}`} aria-hidden="true">
      {boxes.length === 0 && <rect className="nothing" x={105} y={54} width={70} height={42} rx={4} />}
      {boxes.map((b, i) => {
        const x = left + (b.x - x0) * scale
        const y = top + (b.y - y0) * scale
        const w = Math.max(3, b.width * scale)
        const h = Math.max(3, b.height * scale)
        const note = b.kind === 'markdown'
        return (
          <g key={i} className={note ? 'note' : b.state}>
            {!note && <rect className="body" x={x} y={y} width={w} height={h} rx={Math.min(3, w / 4)} />}
            <rect
              className="mark"
              x={x + w * 0.07}
              y={y + Math.min(5, h * 0.16)}
              width={w * (note ? 0.7 : 0.42)}
              height={Math.max(1, Math.min(4, h * 0.12))}
              rx={1}
            />
            {!note &&
              lines.map(
                ([least, down, share]) =>
                  h > least && (
                    <rect
                      key={least}
                      className="line"
                      x={x + w * 0.07}
                      y={y + Math.min(5, h * 0.16) + down}
                      width={w * share}
                      height={1.6}
                    />
                  ),
              )}
          </g>
        )
      })}
    </svg>
  )
})
