import type { Schemas } from '../api/client'
import type { RunState } from '../../model/block'
import type { TextUpdate } from '../../model/text'
import type { RunEvent } from '../run/event'
import type { WireChange } from './change_form'

/** The messages of docs/formats/live.md. */
export type Snapshot = Schemas['CanvasSnapshot']
export type Run = Schemas['Run']

export interface Standing {
  readonly block: string
  readonly state: RunState
  readonly reason: string
  readonly attempt?: string
  readonly run_ms?: number
  readonly finished_ms?: number
  /** Unix time; while it runs. */
  readonly started_ms?: number
}
export interface Person {
  /** Of the connection: one person may have two pages. */
  readonly id: string
  readonly user: string
  readonly name: string
  readonly block?: string | null
  readonly anchor?: number
  readonly head?: number
  readonly gone?: boolean
}
export interface BlockTexts {
  readonly block: string
  readonly version: number
  readonly updates: readonly TextUpdate[]
  /** Instead of updates that are too many: the whole text. */
  readonly code?: string
  readonly gone?: boolean
}
export interface Hello {
  readonly type: 'hello'
  readonly epoch: string
  readonly seq: number
  readonly resumed: boolean
  readonly user: Schemas['User']
  readonly role: Schemas['Role']
  /** This connection's name among `people`. */
  readonly connection?: string
  /** Absent when resumed; then `blocks` and `runs` say what operations do not. */
  readonly snapshot?: Snapshot
  readonly blocks?: readonly (Standing & { readonly version: number })[]
  readonly runs?: readonly Run[]
  readonly canvas?: CanvasTitle
}
/** What the folder says of the canvas itself. */
export interface CanvasTitle {
  readonly name: string
  readonly environment: string
}
export interface BatchMessage {
  readonly type: 'batch'
  readonly batch: number
  readonly operations?: readonly Schemas['Operation'][]
  readonly refused?: readonly Refused[]
  readonly texts?: readonly BlockTexts[]
  readonly states?: readonly Standing[]
  readonly events?: readonly RunEvent[]
  readonly people?: readonly Person[]
  /** How many more are here than `people` tell, to two digits. */
  readonly others?: number
  readonly canvas?: CanvasTitle
  /** What is wrong with the folder or the engine, for people; null: nothing any more. */
  readonly problem?: string | null
}
export interface Refused {
  readonly token: string
  readonly reason: string
  readonly message: string
  readonly path?: readonly string[]
}
export type FromServer = Hello | BatchMessage | ({ readonly type: 'texts' } & BlockTexts)
export type ToServer =
  | { readonly op: 'ack'; readonly batch: number }
  | { readonly op: 'change'; readonly token: string; readonly change: WireChange }
  | {
      readonly op: 'text'
      readonly block: string
      readonly version: number
      readonly updates: readonly TextUpdate[]
    }
  | { readonly op: 'pull'; readonly block: string; readonly version: number }
  | { readonly op: 'cursor'; readonly block: string | null; readonly anchor: number; readonly head: number }
