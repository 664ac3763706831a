import { useQuery } from '@tanstack/react-query'
import { Download } from 'lucide-react'
import { answer, api } from '../../core/api/client'
import { sentenceOf } from '../../core/api/problem'
import { download } from '../../core/files/direct'
import { say } from '../../core/session/page'
import { ago } from '../../core/session/time'
import { Button } from '../ui/Button'
import { Dialog } from '../ui/Dialog'
import { bytesText, contentUrl } from './content'

/** What can be shown of a file, and the way to all of it. */
export function Preview({ canvas, path, onClose }: { canvas: string; path: string; onClose: () => void }) {
  const found = useQuery({
    queryKey: ['preview', canvas, path],
    queryFn: () =>
      answer(api.GET('/canvases/{canvas}/files/preview', { params: { path: { canvas }, query: { path } } })),
  })
  const file = found.data
  const save = () => void download(canvas, path).catch((error: unknown) => say(sentenceOf(error)))
  return (
    <Dialog open titled label={path} onClose={onClose}>
      <div className="preview">
        {found.error && <p role="alert">{sentenceOf(found.error)}</p>}
        {file && (
          <p>
            {bytesText(file.bytes)}, changed {ago(file.modified_ms)}
            <Button onClick={save}>
              <Download size={14} /> Download
            </Button>
          </p>
        )}
        {file?.kind === 'text' && (
          <pre tabIndex={0} aria-label={`Text of ${path}`}>
            {file.text}
            {file.cut && '\n⋯ the rest is in the file'}
          </pre>
        )}
        {file?.kind === 'image' && <img src={contentUrl(canvas, path)} alt={path} />}
        {file?.kind === 'binary' && <p>This is no text and no image: download it to look into it.</p>}
      </div>
    </Dialog>
  )
}
