import { create } from 'zustand'
import { answer, api, once, type Schemas } from '../api/client'
import { sentenceOf } from '../api/problem'
import { forget, remember, remembered } from './remembered'
import { sendFile, type UploadState, type UploadWay } from './upload'

/** A file that becomes a canvas. It stays in the list until it is put away: what is to be said of it may be long. */
export interface Import {
  readonly id: number
  readonly file: string
  readonly bytes: number
  readonly sent: number
  /** There is no connection. */
  readonly waiting: boolean
  /** What was made; absent while it is sent. */
  readonly made?: {
    readonly canvas: Schemas['CanvasSummary'] | undefined
    readonly notices: readonly string[]
  }
  /** Why nothing was. */
  readonly problem?: string
  /** Stop it, or put it away. */
  readonly end: () => void
}
type State = UploadState & Pick<Schemas['Import'], 'canvas' | 'notices'>

export const useImports = create<{ readonly all: readonly Import[] }>()(() => ({ all: [] }))
let next = 0

const patch = (id: number, change: Partial<Import> | undefined) =>
  useImports.setState(({ all }) => ({
    all: all.flatMap((one) => (one.id !== id ? one : change ? { ...one, ...change } : [])),
  }))

/** Make a canvas of a .zip of one, or of a notebook; `done` when it is there. */
export function startImport(file: File, done: () => void): void {
  const id = ++next
  const stop = new AbortController()
  const end = () => {
    stop.abort()
    patch(id, undefined)
  }
  const one = { id, file: file.name, bytes: file.size, sent: 0, waiting: false, end }
  useImports.setState(({ all }) => ({ all: [...all, one] }))
  const mark = `easel.import ${file.name} ${file.size} ${file.lastModified}`
  const watch = {
    progress: (sent: number) => patch(id, { sent }),
    waits: (waiting: boolean) => patch(id, { waiting }),
    pause: (ms: number) => new Promise<void>((resume) => setTimeout(resume, ms)),
    signal: stop.signal,
  }
  sendFile(file, wayOf(file, mark), watch, remembered(mark))
    .then(({ canvas, notices = [] }) => {
      patch(id, { made: { canvas, notices } })
      done()
    })
    .catch((error: unknown) => patch(id, { problem: sentenceOf(error) }))
    .finally(() => forget(mark))
}

function wayOf(file: File, mark: string): UploadWay<State> {
  const known = (state: Schemas['Import']): State => ({ ...state, upload: state.import })
  const at = (id: string) => ({ path: { import: id } })
  return {
    async begin() {
      const body = { file: file.name, bytes: file.size }
      const state = await answer(api.POST('/imports', { body, headers: once() }))
      remember(mark, state.import)
      return known(state)
    },
    send: (id, offset, piece) =>
      answer(
        api.PUT('/imports/{import}', {
          params: { ...at(id), query: { offset } },
          headers: { 'Content-Type': 'application/octet-stream' },
          body: piece as unknown as string,
          bodySerializer: (body) => body as unknown as Blob,
        }),
      ).then(known),
    look: (id) => answer(api.GET('/imports/{import}', { params: at(id) })).then(known),
  }
}
