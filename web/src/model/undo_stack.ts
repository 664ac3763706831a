import type { Change } from './change'

interface Entry {
  readonly inverse: Change
  /** Neighbours with the same key are undone as one: the letters of one edit, the steps of one nudge. */
  readonly key?: string
}

/** What can be undone and redone, as inverses. Endless: an entry is a few references. */
export class UndoStack {
  #done: Entry[] = []
  #undone: Entry[] = []

  get canUndo(): boolean {
    return this.#done.length > 0
  }
  get canRedo(): boolean {
    return this.#undone.length > 0
  }
  /** Remember a new change by its inverse; what was undone before cannot be redone any more. */
  push(inverse: Change, key?: string): void {
    this.#undone = []
    const last = this.#done.at(-1)
    if (key !== undefined && last?.key === key)
      this.#done[this.#done.length - 1] = { key, inverse: joined(inverse, last.inverse) }
    else this.#done.push({ inverse, key })
  }
  /** Give the last inverse to `perform`, which returns the inverse of that, or undefined if it was refused. */
  undo(perform: (change: Change) => Change | undefined): boolean {
    return step(this.#done, this.#undone, perform)
  }
  redo(perform: (change: Change) => Change | undefined): boolean {
    return step(this.#undone, this.#done, perform)
  }
}

function step(from: Entry[], to: Entry[], perform: (change: Change) => Change | undefined): boolean {
  const entry = from.pop()
  if (!entry) return false
  const inverse = perform(entry.inverse)
  if (!inverse) return false
  to.push({ inverse })
  return true
}

/** One inverse for two changes of one key, the later first. */
function joined(later: Change, earlier: Change): Change {
  if (later.op === 'setCode' && earlier.op === 'setCode' && later.id === earlier.id) return earlier
  return { op: 'batch', changes: [later, earlier] }
}
