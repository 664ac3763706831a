import { useState, type FormEvent } from 'react'
import { canvasPath, navigate } from '../../core/session/route'
import { Button } from '../ui/Button'
import { Dialog } from '../ui/Dialog'
import type { CanvasSummary, useCanvasActions } from './canvases'

/** A canvas that gets another name; none: a new one. */
export interface Naming {
  readonly canvas?: CanvasSummary
}
interface Props {
  naming: Naming
  actions: ReturnType<typeof useCanvasActions>
  onClose: () => void
}
export function NameDialog({ naming: { canvas }, actions, onClose }: Props) {
  const [name, setName] = useState(canvas?.name ?? '')
  const [example, setExample] = useState(false)
  const { create, rename } = actions
  const busy = create.isPending || rename.isPending
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const wanted = name.trim()
    if (wanted === '' || busy) return
    if (!canvas) create.mutate({ name: wanted, example }, { onSuccess: ({ id }) => navigate(canvasPath(id)) })
    else if (wanted === canvas.name) onClose()
    else rename.mutate({ id: canvas.id, name: wanted }, { onSuccess: onClose })
  }
  return (
    <Dialog open titled label={canvas ? `Rename ${canvas.name}` : 'New canvas'} onClose={onClose}>
      <form className="naming" onSubmit={submit}>
        <label>
          Name
          <input
            autoFocus
            maxLength={100}
            value={name}
            placeholder="What is it about?"
            onFocus={(event) => event.target.select()}
            onChange={(event) => setName(event.target.value)}
          />
        </label>
        {!canvas && (
          <label className="check">
            <input type="checkbox" checked={example} onChange={(event) => setExample(event.target.checked)} />
            Begin with a small example
          </label>
        )}
        <p className="acts">
          <Button onClick={onClose}>Cancel</Button>
          <Button look="primary" type="submit" disabled={name.trim() === '' || busy}>
            {canvas ? 'Rename' : 'Create'}
          </Button>
        </p>
      </form>
    </Dialog>
  )
}
