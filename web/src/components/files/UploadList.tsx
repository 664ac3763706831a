import { X } from 'lucide-react'
import { useUploads } from '../../core/files/uploads'
import { Button } from '../ui/Button'
import { bytesText } from './content'

/** Uploads under way. */
export function UploadList() {
  const uploads = useUploads((u) => u.all)
  if (uploads.length === 0) return null
  return (
    <ul className="uploads" aria-label="Uploads">
      {uploads.map(({ id, path, bytes, sent, waiting, stop }) => (
        <li key={id}>
          <span>{path}</span>
          <small>{waiting ? 'waits for the server' : `${bytesText(sent)} of ${bytesText(bytes)}`}</small>
          <Button look="icon" aria-label={`Stop the upload of ${path}`} onClick={stop}>
            <X size={13} />
          </Button>
          <progress aria-label={`Upload of ${path}`} max={Math.max(1, bytes)} value={sent} />
        </li>
      ))}
    </ul>
  )
}
