import { memo } from 'react'
import { curvePath } from '../../model/curve'
import { edgeKey } from '../../model/edge'
import { usePage } from '../../core/session/page'
import type { Scene } from './scene'

interface Props {
  scene: Scene
  /** Change when edges may be elsewhere. */
  version: number
  places: unknown
}
/** The few edges that are drawn, not painted: they follow a drag at once, and the selected one can be deleted. */
export const HotEdges = memo(function HotEdges({ scene }: Props) {
  const selection = usePage((p) => p.selection)
  const chosen = usePage((p) => p.edge)
  const edges = scene.hotEdges(selection.ids, chosen)
  return (
    <svg className="hot-edges" aria-hidden="true">
      {edges.map((edge) => {
        const key = edgeKey(edge)
        const lineage = selection.ids.has(edge.parent) || selection.ids.has(edge.child)
        const look = key === chosen ? 'chosen' : lineage ? 'lineage' : ''
        return <path key={key} className={look} d={curvePath(scene.curve(edge))} />
      })}
    </svg>
  )
})
