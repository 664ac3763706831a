import type { BlockId } from '../../model/block'

/** How long the next telling waits: a person reads no faster, and the page has other things to draw. */
export const seldomMs = 120

/** Tells of blocks that only go on printing: the first at once, others together and seldom. */
export class Seldom {
  readonly #tell: (blocks: Iterable<BlockId>) => void
  readonly #waiting = new Set<BlockId>()
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(tell: (blocks: Iterable<BlockId>) => void) {
    this.#tell = tell
  }
  add(blocks: Iterable<BlockId>): void {
    for (const id of blocks) this.#waiting.add(id)
    if (this.#timer === undefined) this.#now()
  }
  /** These are told otherwise. */
  told(blocks: Iterable<BlockId>): void {
    for (const id of blocks) this.#waiting.delete(id)
  }
  #now(): void {
    this.#timer = undefined
    if (this.#waiting.size === 0) return
    const blocks = [...this.#waiting]
    this.#waiting.clear()
    this.#timer = setTimeout(() => this.#now(), seldomMs)
    this.#tell(blocks)
  }
}
