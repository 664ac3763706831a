import { FileInput, Plus, Search, Settings } from 'lucide-react'
import { lazy, Suspense, useState } from 'react'
import { sentenceOf } from '../../core/api/problem'
import { startImport, useImports } from '../../core/files/imports'
import { canvasPath, navigate } from '../../core/session/route'
import { useSession, whyNotHere } from '../../core/session/session'
import { useFileDrop } from '../files/useFileDrop'
import { useFilePicker } from '../files/useFilePicker'
import { Logo } from '../shell/Logo'
import { Queries } from '../shell/Queries'
import { Button } from '../ui/Button'
import { Begin } from './Begin'
import { useCanvasActions, useCanvases, type CanvasSummary } from './canvases'
import { CanvasCard } from './CanvasCard'
import { LastRuns } from './LastRuns'
import { NameDialog, type Naming } from './NameDialog'
import './home.css'

const Imports = lazy(() => import('./Imports'))
const Sharing = lazy(() => import('../team/Sharing'))

export default function Home() {
  return (
    <Queries>
      <Canvases />
    </Queries>
  )
}

/** The canvases of the workspace. */
function Canvases() {
  const canvases = useCanvases()
  const actions = useCanvasActions()
  const [words, setWords] = useState('')
  const [naming, setNaming] = useState<Naming>()
  const [sharing, setSharing] = useState<CanvasSummary>()
  const session = useSession()
  const team = session.state === 'in' && session.session.team
  const importing = useImports((i) => i.all.length > 0)
  const mayNotMake = whyNotHere('editor')
  const asked = words.toLowerCase().trim()
  const shown = (canvases.data ?? []).filter((c) => c.name.toLowerCase().includes(asked))
  const take = (files: Iterable<File>) => {
    for (const file of files) startImport(file, () => void canvases.refetch())
  }
  const { picker, pick } = useFilePicker({
    label: 'Canvases and notebooks to import',
    accept: '.zip,.ipynb',
    take,
  })
  const { over, on } = useFileDrop(mayNotMake === undefined ? take : undefined)
  const begin = () =>
    actions.create.mutate(
      { name: 'Example', example: true },
      { onSuccess: ({ id }) => navigate(canvasPath(id)) },
    )
  return (
    <div className={over ? 'home over' : 'home'} {...on}>
      {picker}
      <header>
        <Logo />
        <h1>Canvases</h1>
        {(canvases.data?.length ?? 0) > 0 && (
          <label className="find">
            <Search size={14} />
            <input
              type="search"
              placeholder="Search by name"
              aria-label="Search canvases by name"
              value={words}
              onChange={(event) => setWords(event.target.value)}
            />
          </label>
        )}
        <span className="space" />
        <Button look="icon" aria-label="Settings" onClick={() => navigate('/settings')}>
          <Settings size={16} />
        </Button>
        <Button
          disabled={!!mayNotMake}
          title={mayNotMake ?? 'A canvas as .zip, or a Jupyter notebook: choose it, or drop it anywhere here'}
          onClick={pick}
        >
          <FileInput size={14} /> Import
        </Button>
        <Button look="primary" disabled={!!mayNotMake} title={mayNotMake} onClick={() => setNaming({})}>
          <Plus size={14} /> New canvas
        </Button>
      </header>
      <main>
        {canvases.isError && (
          <div className="empty">
            <h2>The canvases could not be listed</h2>
            <p>{sentenceOf(canvases.error)}</p>
            <Button onClick={() => void canvases.refetch()}>Try again</Button>
          </div>
        )}
        {canvases.data?.length === 0 && (
          <div className="empty">
            <h2>No canvas yet</h2>
            <p>
              A canvas is a plane of blocks whose results stay.{' '}
              {mayNotMake ?? 'Begin with one of your own, look at an example, or drop a notebook here.'}
            </p>
            {mayNotMake === undefined && (
              <p className="acts">
                <Button look="primary" onClick={() => setNaming({})}>
                  <Plus size={14} /> New canvas
                </Button>
                <Button onClick={() => begin()}>Open an example</Button>
              </p>
            )}
          </div>
        )}
        {shown.length > 0 && (
          <ul className="cards">
            {shown.map((canvas) => (
              <CanvasCard
                key={canvas.id}
                canvas={canvas}
                onRename={() => setNaming({ canvas })}
                onDuplicate={() => actions.duplicate.mutate(canvas.id)}
                onShare={team ? () => setSharing(canvas) : undefined}
                onDelete={() => actions.remove.mutate(canvas)}
              />
            ))}
          </ul>
        )}
        {shown.length > 0 && asked === '' && (
          <>
            {mayNotMake === undefined && (
              <Begin onNew={() => setNaming({})} onExample={() => begin()} onImport={pick} />
            )}
            <LastRuns canvases={shown} />
          </>
        )}
        {canvases.data && canvases.data.length > 0 && shown.length === 0 && (
          <div className="empty">
            <h2>No canvas is called that</h2>
            <Button onClick={() => setWords('')}>Show all {canvases.data.length}</Button>
          </div>
        )}
      </main>
      <Suspense>
        {importing && <Imports />}
        {sharing && (
          <Sharing
            canvas={sharing.id}
            name={sharing.name}
            role={sharing.role}
            onClose={() => setSharing(undefined)}
          />
        )}
      </Suspense>
      {naming && <NameDialog naming={naming} actions={actions} onClose={() => setNaming(undefined)} />}
    </div>
  )
}
