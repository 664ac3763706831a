import { Plus } from 'lucide-react'
import { memo, useSyncExternalStore } from 'react'
import { curveMiddle, curvePath, curveTo, portY } from '../../model/curve'
import { edgeKey } from '../../model/edge'
import { usePage } from '../../core/session/page'
import { addBlock } from '../../core/command/edit'
import type { Scene } from './scene'
import { useDesk, useMayNot } from './useStore'

/** What is drawn above the painting because it changes at once: hot edges, the edge being drawn, the marquee. */
export const Above = memo(function Above({ scene }: { scene: Scene }) {
  useSyncExternalStore(scene.listen, () => scene.version)
  const desk = useDesk()
  const selection = usePage((p) => p.selection)
  const chosen = usePage((p) => p.edge)
  const edges = scene.hotEdges(selection.ids, chosen)
  const { drawing, box, edge } = scene
  const mayEdit = useMayNot('editor') === undefined
  const still = mayEdit && !drawing && !box && scene.lifted.size === 0
  const middle = edge && still && desk.store.graph.hasEdge(edge) ? curveMiddle(scene.curve(edge)) : undefined
  return (
    <>
      <svg className="hot-edges" aria-hidden="true">
        {edges.map((hot) => {
          const key = edgeKey(hot)
          const gap = edge && edgeKey(edge) === key
          const running = desk.store.live(hot.child).state === 'running'
          const look = [
            key === chosen || (gap && !still) ? 'chosen' : gap ? 'over' : 'lineage',
            running && 'busy',
          ]
          return <path key={key} className={look.filter(Boolean).join(' ')} d={curvePath(scene.curve(hot))} />
        })}
      </svg>
      <svg className="gesture" aria-hidden="true">
        {drawing && <Drawn scene={scene} />}
        {box && <rect x={box.x0} y={box.y0} width={box.x1 - box.x0} height={box.y1 - box.y0} />}
      </svg>
      {edge && middle && (
        <button
          className="grow between nodrag nopan"
          style={{ transform: `translate(${middle.x - 12}px,${middle.y - 12}px)` }}
          aria-label="Insert a block on this edge"
          title="Insert a block here"
          onClick={() => addBlock(desk, 'python', { edge })}
        >
          <Plus size={14} />
        </button>
      )}
    </>
  )
})

function Drawn({ scene }: { scene: Scene }) {
  const { from, way, to, target, refused } = scene.drawing!
  const own = scene.rect(from)
  const other = target === undefined ? undefined : scene.rect(target)
  const port = { x: way === 'out' ? own.x1 : own.x0, y: own.y0 + Math.min(portY, (own.y1 - own.y0) / 2) }
  const end = other
    ? { x: way === 'out' ? other.x0 : other.x1, y: other.y0 + Math.min(portY, (other.y1 - other.y0) / 2) }
    : to
  const look = refused ? 'refused' : ''
  return (
    <>
      {other && (
        <rect
          className={`target ${look}`}
          x={other.x0 - 4}
          y={other.y0 - 4}
          width={other.x1 - other.x0 + 8}
          height={other.y1 - other.y0 + 8}
          rx={15}
        />
      )}
      <path className={look} d={curvePath(way === 'out' ? curveTo(port, end) : curveTo(end, port))} />
    </>
  )
}
