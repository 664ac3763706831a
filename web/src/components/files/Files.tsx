import { useQueryClient } from '@tanstack/react-query'
import { FolderPlus, Upload as UploadIcon } from 'lucide-react'
import { useState } from 'react'
import { answer, api } from '../../core/api/client'
import { sentenceOf } from '../../core/api/problem'
import { arrived, startUpload } from '../../core/files/uploads'
import { say } from '../../core/session/page'
import { usePages } from '../history/usePages'
import { useMayNot, useStore } from '../canvas/useStore'
import { Queries } from '../shell/Queries'
import { Button } from '../ui/Button'
import { FileRow } from './FileRow'
import { NameFile } from './NameFile'
import { Preview } from './Preview'
import { UploadList } from './UploadList'
import { useFileDrop } from './useFileDrop'
import { useFilePicker } from './useFilePicker'
import './files.css'

export default function Files() {
  return (
    <Queries>
      <Folder />
    </Queries>
  )
}

/** The canvas's files: what its blocks see in their working directory. */
function Folder() {
  const { id: canvas } = useStore()
  const mayNot = useMayNot('editor')
  const mayEdit = mayNot === undefined
  const client = useQueryClient()
  const [folder, setFolder] = useState('')
  const [naming, setNaming] = useState<{ from?: string }>()
  const [shown, setShown] = useState<string>()
  const list = usePages(['files', canvas, folder], (cursor) =>
    answer(
      api.GET('/canvases/{canvas}/files', {
        params: { path: { canvas }, query: { path: folder, ...(cursor !== undefined && { cursor }) } },
      }),
    ),
  )
  const fresh = () => void client.invalidateQueries({ queryKey: ['files', canvas] })
  const at = (name: string) => (folder === '' ? name : `${folder}/${name}`)
  const done = (path: string) => {
    fresh()
    arrived(path)
  }
  const add = (files: Iterable<File>) => {
    for (const file of files) startUpload({ canvas, path: at(file.name), file, done })
  }
  const { picker, pick } = useFilePicker({ label: 'Files to upload', take: add })
  const { over, on } = useFileDrop(mayEdit ? add : undefined)
  const remove = async (path: string) => {
    try {
      const params = { path: { canvas }, query: { path } }
      const { trash } = await answer(api.DELETE('/canvases/{canvas}/files', { params }))
      say(`${path} is in the trash.`, {
        label: 'Undo',
        run: () =>
          void answer(
            api.POST('/canvases/{canvas}/files/restore', { params: { path: { canvas } }, body: { trash } }),
          ).then(fresh, (error) => say(sentenceOf(error))),
      })
    } catch (error) {
      say(sentenceOf(error))
    }
    fresh()
  }
  const entries = list.items ?? []
  return (
    <section className={over ? 'files over' : 'files'} aria-label="Files" {...on}>
      <h2>
        Files
        {mayEdit && (
          <span>
            <Button look="icon" aria-label="New folder" onClick={() => setNaming({})}>
              <FolderPlus size={15} />
            </Button>
            <Button look="icon" aria-label="Upload files" onClick={pick}>
              <UploadIcon size={15} />
            </Button>
          </span>
        )}
      </h2>
      {picker}
      {folder !== '' && <Way folder={folder} go={setFolder} />}
      {list.error && <p className="nothing">{sentenceOf(list.error)}</p>}
      {list.items && entries.length === 0 && (
        <div className="nothing">
          <p>{folder === '' ? 'No files yet. Blocks read what is here by its name.' : 'An empty folder.'}</p>
          {mayEdit && (
            <>
              <Button onClick={pick}>Upload files</Button>
              <p>or drop them here.</p>
            </>
          )}
        </div>
      )}
      <ul>
        {entries.map((entry) => (
          <FileRow
            key={entry.name}
            canvas={canvas}
            entry={entry}
            mayNot={mayNot}
            path={at(entry.name)}
            onOpen={() => (entry.kind === 'folder' ? setFolder : setShown)(at(entry.name))}
            onRename={() => setNaming({ from: at(entry.name) })}
            onDelete={() => void remove(at(entry.name))}
          />
        ))}
      </ul>
      {list.more && <Button onClick={list.more}>More files</Button>}
      <UploadList canvas={canvas} done={done} />
      {naming && (
        <NameFile
          canvas={canvas}
          folder={folder}
          from={naming.from}
          onClose={() => {
            setNaming(undefined)
            fresh()
          }}
        />
      )}
      {shown !== undefined && <Preview canvas={canvas} path={shown} onClose={() => setShown(undefined)} />}
    </section>
  )
}

function Way({ folder, go }: { folder: string; go: (folder: string) => void }) {
  const parts = folder.split('/')
  return (
    <nav className="way" aria-label="Folder">
      <button onClick={() => go('')}>files</button>
      {parts.map((part, i) => (
        <span key={i}>
          /<button onClick={() => go(parts.slice(0, i + 1).join('/'))}>{part}</button>
        </span>
      ))}
    </nav>
  )
}
