import type { BlockId } from '../../model/block'

/** Who hears of changes: of one block, or of all. */
export class Listeners {
  readonly #ofBlock = new Map<BlockId, Set<() => void>>()
  readonly #ofAll = new Set<(blocks: ReadonlySet<BlockId>) => void>()

  onBlock(id: BlockId, listener: () => void): () => void {
    const set = this.#ofBlock.get(id) ?? new Set()
    this.#ofBlock.set(id, set.add(listener))
    return () => {
      set.delete(listener)
      if (set.size === 0 && this.#ofBlock.get(id) === set) this.#ofBlock.delete(id)
    }
  }
  onChange(listener: (blocks: ReadonlySet<BlockId>) => void): () => void {
    this.#ofAll.add(listener)
    return () => this.#ofAll.delete(listener)
  }
  tell(blocks: ReadonlySet<BlockId>): void {
    for (const id of blocks) for (const listener of this.#ofBlock.get(id) ?? []) listener()
    for (const listener of this.#ofAll) listener(blocks)
  }
}
