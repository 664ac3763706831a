import type { CanvasStore } from '../canvas/store'
import { whyNot, type Role } from '../session/role'
import type { BlockId } from '../../model/block'

/** What a command acts on. */
export interface Desk {
  readonly store: CanvasStore
  readonly camera: Camera
}
export interface Camera {
  fit(): void
  /** Where a canvas begins: all of it, or its upper left part if that would be too small to read. */
  open(): void
  zoomBy(factor: number): void
  focus(id: BlockId): void
  /** Move as little as needed for the block to be in view; the other one, too, if both can be read together. */
  show(id: BlockId, beside?: BlockId): void
  /** The stage point in the middle of the view. */
  middle(): { x: number; y: number }
  /** The stage point under a pointer. */
  pointAt(event: { clientX: number; clientY: number }): { x: number; y: number }
}
/** One entry of the one list that feeds keys, menus and palette. */
export interface Command {
  readonly id: string
  readonly title: string
  /** Other words that the palette finds it by. */
  readonly also?: string
  /** `Shift+Enter`, `R U` (one key after the other), `?`. Letters without Ctrl act only on the stage. */
  readonly keys: readonly string[]
  /** The least role on the canvas; absent: whoever may look. */
  readonly needs?: Role
  /** Why it cannot be done now; undefined if it can. */
  readonly why?: (desk: Desk) => string | undefined
  readonly run: (desk: Desk) => void
}

/** Why a command cannot be done now, by this person; undefined if it can. */
export function refused(command: Command, desk: Desk): string | undefined {
  const missing = command.needs && whyNot(desk.store.role, command.needs)
  return missing ?? command.why?.(desk)
}
