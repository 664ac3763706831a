import { Ellipsis } from 'lucide-react'
import type { MouseEvent } from 'react'
import { exportCanvas } from '../../core/files/export_canvas'
import { ago } from '../../core/session/time'
import { whyNot, type Role } from '../../core/session/role'
import { canvasPath, navigate } from '../../core/session/route'
import { Button } from '../ui/Button'
import { Menu } from '../ui/Menu'
import type { CanvasSummary } from './canvases'
import { Thumbnail } from './Thumbnail'

interface Props {
  canvas: CanvasSummary
  onRename: () => void
  onDuplicate: () => void
  /** In a team. */
  onShare: (() => void) | undefined
  onDelete: () => void
}
export function CanvasCard({ canvas, onRename, onDuplicate, onShare, onDelete }: Props) {
  const mayNot = (least: Role) => {
    const why = whyNot(canvas.role, least)
    return why !== undefined && { why }
  }
  const path = canvasPath(canvas.id)
  const open = (event: MouseEvent) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey) return
    event.preventDefault()
    navigate(path)
  }
  return (
    <li className={canvas.problem === undefined ? 'canvas' : 'canvas broken'}>
      <a href={path} onClick={open}>
        <Thumbnail boxes={canvas.thumbnail ?? []} />
        <b>{canvas.name}</b>
        <span className="about">{canvas.problem ?? about(canvas)}</span>
      </a>
      <Menu
        trigger={
          <Button look="icon" aria-label={`More for ${canvas.name}`}>
            <Ellipsis size={16} />
          </Button>
        }
        items={[
          { title: 'Rename', onSelect: onRename, ...mayNot('editor') },
          { title: 'Duplicate', onSelect: onDuplicate, ...mayNot('editor') },
          ...(onShare ? [{ title: 'Share', onSelect: onShare }] : []),
          { title: 'Export as .zip', onSelect: () => exportCanvas(canvas.id) },
          { title: 'Delete', onSelect: onDelete, ...mayNot('owner') },
        ]}
      />
    </li>
  )
}

function about(canvas: CanvasSummary): string {
  const blocks = `${canvas.blocks} ${canvas.blocks === 1 ? 'block' : 'blocks'}`
  const run = canvas.last_run
  if (!run) return `${blocks}, changed ${ago(canvas.changed_ms)}`
  const end = run.finished_ms ?? run.created_ms
  const how =
    run.status === 'running'
      ? 'runs now'
      : `${run.status === 'succeeded' ? 'ran' : `run ${run.status}`} ${ago(end)}`
  return `${blocks}, ${how}`
}
