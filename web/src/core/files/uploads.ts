import { create } from 'zustand'
import { answer, api } from '../api/client'
import { Problem, sentenceOf } from '../api/problem'
import { say } from '../session/page'
import { forget, remember, remembered } from './remembered'
import { sendFile, type UploadWay } from './upload'

/** An upload under way, in this page. */
export interface Upload {
  readonly id: number
  readonly path: string
  readonly bytes: number
  readonly sent: number
  readonly waiting: boolean
  readonly stop: () => void
}
export const useUploads = create<{ readonly all: readonly Upload[] }>()(() => ({ all: [] }))
let next = 0

const patch = (id: number, change: Partial<Upload> | undefined) =>
  useUploads.setState(({ all }) => ({
    all: all.flatMap((upload) => (upload.id !== id ? upload : change ? { ...upload, ...change } : [])),
  }))

/** Put a file into a canvas's files, at `path`; `done` when it is there. */
export function startUpload(
  canvas: string,
  path: string,
  file: File,
  done: () => void,
  replace = false,
): void {
  const id = ++next
  const stop = new AbortController()
  const upload = { id, path, bytes: file.size, sent: 0, waiting: false, stop: () => stop.abort() }
  useUploads.setState(({ all }) => ({ all: [...all, upload] }))
  const mark = `easel.upload ${canvas} ${path} ${file.size} ${file.lastModified}`
  const way = wayOf(canvas, path, file.size, replace, mark)
  const watch = {
    progress: (sent: number) => patch(id, { sent }),
    waits: (waiting: boolean) => patch(id, { waiting }),
    pause: (ms: number) => new Promise<void>((resume) => setTimeout(resume, ms)),
    signal: stop.signal,
  }
  sendFile(file, way, watch, remembered(mark))
    .then(() => done())
    .catch((error: unknown) => {
      if (stop.signal.aborted) return
      const there = error instanceof Problem && error.status === 409
      if (!there) return say(`${path}: ${sentenceOf(error)}`)
      say(`${path} is there already.`, {
        label: 'Replace it',
        run: () => startUpload(canvas, path, file, done, true),
      })
    })
    .finally(() => {
      forget(mark)
      patch(id, undefined)
    })
}

function wayOf(canvas: string, path: string, bytes: number, replace: boolean, mark: string): UploadWay {
  return {
    async begin() {
      const body = { path, bytes, replace }
      const state = await answer(
        api.POST('/canvases/{canvas}/uploads', { params: { path: { canvas } }, body }),
      )
      remember(mark, state.upload)
      return state
    },
    send: (upload, offset, piece) =>
      answer(
        api.PUT('/canvases/{canvas}/uploads/{upload}', {
          params: { path: { canvas, upload }, query: { offset } },
          headers: { 'Content-Type': 'application/octet-stream' },
          body: piece as unknown as string,
          bodySerializer: (body) => body as unknown as Blob,
        }),
      ),
    look: (upload) =>
      answer(api.GET('/canvases/{canvas}/uploads/{upload}', { params: { path: { canvas, upload } } })),
  }
}
