import type { BlockId } from './block'
import type { Change } from './change'

/** Typing in a block's text: go to the place in its own history that is `depth` edits deep. */
export interface Typing {
  readonly op: 'typing'
  readonly id: BlockId
  readonly depth: number
}
/** What one step of undoing does. */
export type Step = Change | Typing
type Perform = (step: Step) => Step | undefined

interface Entry {
  readonly inverse: Step
  /** Neighbours with the same key are undone as one: the letters of one edit, the steps of one nudge. */
  readonly key?: string
}

/** What can be undone and redone, as inverses. Endless: an entry is a few references. */
export class UndoStack {
  #done: Entry[] = []
  #undone: Entry[] = []

  /** Forget all: what it was about is gone. */
  clear(): void {
    this.#done = []
    this.#undone = []
  }
  get canUndo(): boolean {
    return this.#done.length > 0
  }
  get canRedo(): boolean {
    return this.#undone.length > 0
  }
  /** What undoing would begin with: the same as long as nothing else was done or undone. */
  get last(): unknown {
    return this.#done.at(-1)
  }
  /** Remember a new change by its inverse; what was undone before cannot be redone any more. */
  push(inverse: Step, key?: string): void {
    this.#undone = []
    const last = this.#done.at(-1)
    if (key !== undefined && last?.key === key)
      this.#done[this.#done.length - 1] = { key, inverse: joined(inverse, last.inverse) }
    else this.#done.push({ inverse, key })
  }
  /** Give the last inverse to `perform`, which returns the inverse of that, or undefined if it was refused. */
  undo(perform: Perform): boolean {
    return step(this.#done, this.#undone, perform)
  }
  redo(perform: Perform): boolean {
    return step(this.#undone, this.#done, perform)
  }
}

/** One step; what cannot be done any more, because others changed it, is passed over. */
function step(from: Entry[], to: Entry[], perform: Perform): boolean {
  for (let entry = from.pop(); entry; entry = from.pop()) {
    const inverse = perform(entry.inverse)
    if (!inverse) continue
    to.push({ inverse })
    return true
  }
  return false
}

/** One inverse for two steps of one key, the later first. */
function joined(later: Step, earlier: Step): Step {
  if (later.op === 'typing' || earlier.op === 'typing') return earlier
  if (later.op === 'setCode' && earlier.op === 'setCode' && later.id === earlier.id) return earlier
  return { op: 'batch', changes: [later, earlier] }
}
