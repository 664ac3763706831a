import { Problem } from '../api/problem'

export interface UploadState {
  readonly upload: string
  readonly offset: number
  readonly done: boolean
}
/** The three requests of an upload; each rejects with a Problem. */
export interface UploadWay<S extends UploadState = UploadState> {
  begin(): Promise<S>
  send(upload: string, offset: number, piece: Blob): Promise<S>
  /** How far it is, also after the server was started again. */
  look(upload: string): Promise<S>
}
export interface UploadWatch {
  progress(bytes: number): void
  /** There is no connection, or there is one again. */
  waits(waiting: boolean): void
  pause(ms: number): Promise<void>
  readonly signal: AbortSignal
}
export const pieceBytes = 4 << 20
const longestPauseMs = 8000

/**
 * Send a file in pieces. What is lost on the way is asked for and sent again, for as long as it takes; what the server
 * refuses is thrown. Gives the last answer. `known` is an upload that was begun before, e.g. by a page that was closed.
 */
export async function sendFile<S extends UploadState>(
  file: Blob,
  way: UploadWay<S>,
  watch: UploadWatch,
  known?: string,
): Promise<S> {
  let state: S | undefined
  let upload = known
  for (let failures = 0; ;) {
    watch.signal.throwIfAborted()
    try {
      state ??= upload === undefined ? await way.begin() : await way.look(upload)
      upload = state.upload
      watch.waits(false)
      while (!state.done) {
        watch.signal.throwIfAborted()
        const piece = file.slice(state.offset, state.offset + pieceBytes)
        state = await way.send(upload, state.offset, piece)
        failures = 0
        watch.progress(state.offset)
      }
      return state
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      // A known one that the server forgot is begun anew.
      if (error.status === 404 && upload !== undefined && state === undefined) {
        upload = undefined
        continue
      }
      if (error.status !== 0 && error.status < 500) throw error
      state = undefined
      watch.waits(true)
      await watch.pause(Math.min(longestPauseMs, 500 * 2 ** failures++))
    }
  }
}
