import { useState, type FormEvent } from 'react'
import { answer, api } from '../../core/api/client'
import { sentenceOf } from '../../core/api/problem'
import { Button } from '../ui/Button'
import { Dialog } from '../ui/Dialog'

interface Props {
  canvas: string
  folder: string
  /** The file or folder that gets another path; undefined: a new folder. */
  from: string | undefined
  onClose: () => void
}
export function NameFile({ canvas, folder, from, onClose }: Props) {
  const [path, setPath] = useState(from ?? '')
  const [problem, setProblem] = useState<string>()
  const params = { path: { canvas } }
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    const to = path.trim().replace(/^\/+|\/+$/g, '')
    if (to === '' || to === from) return onClose()
    const full = from === undefined && folder !== '' ? `${folder}/${to}` : to
    try {
      if (from === undefined)
        await answer(api.POST('/canvases/{canvas}/files/folders', { params, body: { path: full } }))
      else await answer(api.PATCH('/canvases/{canvas}/files', { params, body: { path: from, to } }))
      onClose()
    } catch (error) {
      setProblem(sentenceOf(error))
    }
  }
  return (
    <Dialog open titled label={from === undefined ? 'New folder' : 'Rename or move'} onClose={onClose}>
      <form className="naming" onSubmit={(event) => void submit(event)}>
        <label>
          {from === undefined ? 'Name' : 'Path below files/'}
          <input autoFocus value={path} maxLength={1000} onChange={(event) => setPath(event.target.value)} />
        </label>
        {problem !== undefined && <p role="alert">{problem}</p>}
        <p className="acts">
          <Button onClick={onClose}>Cancel</Button>
          <Button look="primary" type="submit">
            {from === undefined ? 'Create' : 'Move'}
          </Button>
        </p>
      </form>
    </Dialog>
  )
}
