import type { RunState } from '../../model/block'
import type { Change } from '../../model/change'
import type { RunRequest } from '../../model/plan'
import type { RunEvent } from '../run/event'

/** A change on its way: `token` is the page's, `seq` the server's place for it, without gaps from 1. */
export interface Operation {
  readonly seq: number
  readonly token: string
  readonly change: Change
}
/** What arrives at once: at most one batch a frame, operations before events. */
export interface Batch {
  readonly operations: readonly Operation[]
  /** Own operations that the server refused. */
  readonly refused: readonly { readonly token: string; readonly message: string }[]
  readonly states: readonly { readonly block: string; readonly state: RunState; readonly reason: string }[]
  readonly events: readonly RunEvent[]
}

/**
 * The way to whoever orders operations and runs blocks: a fixture now, HTTP and a WebSocket with the server. It
 * delivers every operation once, in order; after a lost connection it resumes after the last `seq` it delivered.
 */
export interface Wire {
  send(token: string, change: Change): void
  run(request: RunRequest): void
  cancel(): void
  /** Deliver batches to the one listener. Returns how to stop. */
  listen(deliver: (batch: Batch) => void): () => void
}
