import type { Change } from '../../model/change'
import type { PlanStep, RunRequest } from '../../model/plan'
import type { TextUpdate } from '../../model/text'
import type { BatchMessage, BlockTexts, Hello } from '../live/message'

/** A change on its way: `token` is the page's, `seq` the server's place for it, without gaps from 1. */
export interface Operation {
  readonly seq: number
  readonly token: string
  readonly change: Change
  readonly actor?: string
}
/** What arrives at once: at most one a frame, operations before events. */
export interface Batch extends Omit<BatchMessage, 'type' | 'batch' | 'operations'> {
  readonly operations?: readonly Operation[]
}

/** What a wire tells its listener, in order. */
export interface WireListener {
  /** A connection is there, for the first time or again: what was sent and not confirmed is to be sent again. */
  welcome(hello: Hello): void
  deliver(batch: Batch): void
  /** The answer to `pull`. */
  texts(texts: BlockTexts): void
  /** No connection, for a reason that the server gave or for none; it is tried again by itself. */
  lost(why?: string): void
}

/**
 * The way to whoever orders operations and runs blocks: a fixture, or HTTP and a WebSocket. While there is no connection,
 * what is sent is dropped: the listener sends it again after `welcome`.
 */
export interface Wire {
  listen(listener: WireListener): () => void
  send(token: string, change: Change): void
  sendText(block: string, version: number, updates: readonly TextUpdate[]): void
  pull(block: string, version: number): void
  cursor(block: string | null, anchor: number, head: number): void
  /** Where to go on after a lost connection; undefined: from a snapshot. */
  resumeFrom(place: { readonly epoch: string; readonly seq: number } | undefined): void
  /** Something is missing: connect anew and take a snapshot. */
  resync(): void
  /** The id of the run. Rejects with a Problem. */
  run(request: RunRequest): Promise<string>
  cancel(runs: readonly string[]): Promise<void>
  plan(request: RunRequest): Promise<readonly PlanStep[]>
}
