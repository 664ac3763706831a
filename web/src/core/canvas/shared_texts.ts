import type { BlockId } from '../../model/block'
import type { EditedText } from './texts'

/** The part of a canvas that editors use: a block's text, typed by several people at once. */
export interface SharedTexts {
  /** Begin to edit a block's text here, or go on. `make` gets what the server has; undefined if there is no such block. */
  editText<T extends EditedText>(id: BlockId, make: (version: number, code: string) => T): T | undefined
  /** Something was typed. */
  typed(id: BlockId): void
  /** An editor was left in which typing began when the text's history was `depthBefore` deep: one step to undo. */
  leftText(id: BlockId, depthBefore: number): void
  /** Replace a block's text, e.g. by an older one; one step to undo. */
  setText(id: BlockId, code: string): void
  /** Where this person's cursor is; undefined: in no text. */
  moveCursor(place: { id: BlockId; anchor: number; head: number } | undefined): void
}
