import { X } from 'lucide-react'
import { useMemo, useState } from 'react'
import { isSame, type KeptUpload } from '../../core/files/kept'
import { arrived, dropKept, leftOf, startUpload, useUploads } from '../../core/files/uploads'
import { Button } from '../ui/Button'
import { bytesText } from './content'
import { UploadRow } from './UploadRow'
import { useFilePicker } from './useFilePicker'

interface Props {
  canvas: string
  /** Floats above something else, or is a part of it. */
  look?: 'dock' | 'part'
  /** Of those that go on after a page was closed. */
  done?: (path: string) => void
}
/** A canvas's uploads: those under way, and those that a page was closed in the middle of. */
export function UploadList({ canvas, look = 'part', done = arrived }: Props) {
  const uploads = useUploads()
  const all = useMemo(() => uploads.all.filter((one) => one.canvas === canvas), [uploads, canvas])
  const left = useMemo(() => leftOf(canvas, uploads), [uploads, canvas])
  if (all.length === 0 && left.length === 0) return null
  return (
    <ul className={look === 'dock' ? 'uploads dock' : 'uploads'} aria-label="Uploads">
      {all.map((upload) => (
        <UploadRow key={upload.id} upload={upload} />
      ))}
      {left.map((one) => (
        <LeftRow key={one.upload} one={one} done={done} />
      ))}
    </ul>
  )
}

/** A browser gives a page that is opened again no file by itself: the person chooses it once more. */
function LeftRow({ one, done }: { one: KeptUpload; done: (path: string) => void }) {
  const [other, setOther] = useState<string>()
  const take = ([file]: Iterable<File>) => {
    if (!file) return
    if (isSame(one, file)) startUpload({ canvas: one.canvas, path: one.path, file, done })
    else
      setOther(
        `${file.name} is not the same file, or has changed since. Choose the one that was begun, or cancel this and upload it anew.`,
      )
  }
  const { picker, pick } = useFilePicker({ label: `File to go on with ${one.path}`, take })
  return (
    <li className="upload left">
      <span className="name" title={one.path}>
        {one.path}
      </span>
      <span className="hands">
        <Button look="icon" aria-label={`Cancel the upload of ${one.path}`} onClick={() => dropKept(one)}>
          <X size={13} />
        </Button>
      </span>
      <progress aria-label={`Upload of ${one.path}`} max={Math.max(1, one.bytes)} value={one.kept} />
      <small>
        stopped at {bytesText(one.kept)} of {bytesText(one.bytes)}
      </small>
      {other !== undefined && <p role="alert">{other}</p>}
      <p className="acts">
        <Button onClick={pick}>Choose the file to go on</Button>
      </p>
      {picker}
    </li>
  )
}
