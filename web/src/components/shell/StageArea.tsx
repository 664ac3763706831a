import { lazy, Suspense } from 'react'
import { readFiles } from '../../core/command/read_files'
import { useUploads } from '../../core/files/uploads'
import { usePage } from '../../core/session/page'
import { Stage } from '../canvas/Stage'
import { useDesk, useMayNot, useVersion } from '../canvas/useStore'
import { useFileDrop } from '../files/useFileDrop'
import { Hints } from '../home/Hints'
import { StageBars } from './StageBars'

const PlanPreview = lazy(() => import('../run/PlanPreview'))
const UploadDock = lazy(() => import('../files/UploadDock'))
const EmptyStage = lazy(() => import('../canvas/EmptyStage'))

/** The stage and what floats above it; data files can be dropped on it. */
export function StageArea() {
  const desk = useDesk()
  const plan = usePage((p) => p.plan)
  const mayEdit = useMayNot('editor') === undefined
  const { over, on } = useFileDrop(
    mayEdit ? (files, at) => readFiles(desk, files, desk.camera.pointAt(at)) : undefined,
  )
  return (
    <main className={over ? 'stage-area over' : 'stage-area'} tabIndex={-1} aria-label="Stage" {...on}>
      <Stage />
      <StageBars />
      <Suspense>
        {plan && <PlanPreview plan={plan} />}
        {mayEdit && <WhileEmpty />}
        {mayEdit && <WhileUploading />}
      </Suspense>
      <Hints />
    </main>
  )
}

function WhileEmpty() {
  const { store } = useDesk()
  useVersion()
  return store.graph.size === 0 && <EmptyStage />
}

function WhileUploading() {
  const some = useUploads(({ all, kept }) => all.length + kept.length > 0)
  return some && <UploadDock />
}
