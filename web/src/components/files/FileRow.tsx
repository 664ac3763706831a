import { Ellipsis, File, FileQuestion, Folder } from 'lucide-react'
import type { Schemas } from '../../core/api/client'
import { sentenceOf } from '../../core/api/problem'
import { download } from '../../core/files/direct'
import { say } from '../../core/session/page'
import { Button } from '../ui/Button'
import { Menu } from '../ui/Menu'
import { bytesText } from './content'

interface Props {
  canvas: string
  entry: Schemas['FileEntry']
  path: string
  /** Why this person may not change files. */
  mayNot: string | undefined
  onOpen: () => void
  onRename: () => void
  onDelete: () => void
}
export function FileRow({ canvas, entry, path, mayNot, onOpen, onRename, onDelete }: Props) {
  const { name, kind, bytes } = entry
  const why = mayNot !== undefined && { why: mayNot }
  const Icon = kind === 'folder' ? Folder : kind === 'file' ? File : FileQuestion
  const save = () => void download(canvas, path).catch((error: unknown) => say(sentenceOf(error)))
  return (
    <li>
      <button className="entry" title={name} onClick={onOpen}>
        <Icon size={15} strokeWidth={1.7} />
        <span>{name}</span>
        {kind === 'file' && <small>{bytesText(bytes)}</small>}
      </button>
      <Menu
        trigger={
          <Button look="icon" aria-label={`More for ${name}`}>
            <Ellipsis size={15} />
          </Button>
        }
        items={[
          ...(kind === 'file' ? [{ title: 'Download', onSelect: save }] : []),
          { title: 'Rename or move', onSelect: onRename, ...why },
          { title: 'Delete', onSelect: onDelete, ...why },
        ]}
      />
    </li>
  )
}
