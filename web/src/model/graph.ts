import type { Block, BlockId } from './block'
import type { Edge, PlacedEdge } from './edge'

/**
 * The blocks of a canvas and the edges between them: always free of cycles, names unique.
 *
 * Changed by `apply` (change.ts) alone, which is why the mutators below check nothing: they are its steps. Blocks are
 * immutable values, the graph is not: 5,000 blocks must not be copied for one that moves.
 */
export class Graph {
  readonly #blocks = new Map<BlockId, Block>()
  readonly #parents = new Map<BlockId, BlockId[]>()
  readonly #children = new Map<BlockId, Set<BlockId>>()
  readonly #names = new Map<string, BlockId>()
  #edges = 0

  get size(): number {
    return this.#blocks.size
  }
  get edgeCount(): number {
    return this.#edges
  }
  block(id: BlockId): Block | undefined {
    return this.#blocks.get(id)
  }
  /** By name, in any case: on some disks `A.py` and `a.py` are one file. */
  named(name: string): Block | undefined {
    const id = this.#names.get(name.toLowerCase())
    return id === undefined ? undefined : this.#blocks.get(id)
  }
  blocks(): IterableIterator<Block> {
    return this.#blocks.values()
  }
  /** In order of precedence: the last one wins. */
  parents(id: BlockId): readonly BlockId[] {
    return this.#parents.get(id) ?? []
  }
  children(id: BlockId): ReadonlySet<BlockId> {
    return this.#children.get(id) ?? none
  }
  hasEdge(edge: Edge): boolean {
    return this.#children.get(edge.parent)?.has(edge.child) ?? false
  }
  *edges(): IterableIterator<Edge> {
    for (const [child, parents] of this.#parents) for (const parent of parents) yield { parent, child }
  }
  /** The edges that touch a block, each with its place. */
  edgesOf(id: BlockId): PlacedEdge[] {
    const into = this.parents(id).map((parent, index) => ({ parent, child: id, index }))
    const out = [...this.children(id)].map((child) => ({
      parent: id,
      child,
      index: this.parents(child).indexOf(id),
    }))
    return [...into, ...out]
  }

  /** The blocks from `from` down to `to` along edges, both included; undefined if there is no way. */
  path(from: BlockId, to: BlockId): BlockId[] | undefined {
    const before = new Map<BlockId, BlockId | undefined>([[from, undefined]])
    const queue = [from]
    for (let i = 0; i < queue.length; i++) {
      const at = queue[i]!
      if (at === to) {
        const way: BlockId[] = []
        for (let b: BlockId | undefined = at; b !== undefined; b = before.get(b)) way.unshift(b)
        return way
      }
      for (const child of this.children(at))
        if (!before.has(child)) {
          before.set(child, at)
          queue.push(child)
        }
    }
    return undefined
  }

  /** Everything above (`up`) or below (`down`) the given blocks, themselves included. */
  reach(ids: Iterable<BlockId>, way: 'up' | 'down'): Set<BlockId> {
    const found = new Set(ids)
    const queue = [...found]
    for (let id = queue.pop(); id !== undefined; id = queue.pop())
      for (const next of way === 'up' ? this.parents(id) : this.children(id))
        if (!found.has(next)) {
          found.add(next)
          queue.push(next)
        }
    return found
  }

  /** Forget everything, to be filled anew. */
  clear(): void {
    this.#blocks.clear()
    this.#parents.clear()
    this.#children.clear()
    this.#names.clear()
    this.#edges = 0
  }
  /** Put a block, new or in place of the one with its id. */
  putBlock(block: Block): void {
    const old = this.#blocks.get(block.id)
    if (old) this.#names.delete(old.name.toLowerCase())
    this.#blocks.set(block.id, block)
    this.#names.set(block.name.toLowerCase(), block.id)
  }
  /** Remove a block without edges. */
  dropBlock(id: BlockId): void {
    const old = this.#blocks.get(id)
    if (!old) return
    this.#names.delete(old.name.toLowerCase())
    this.#blocks.delete(id)
    this.#parents.delete(id)
    this.#children.delete(id)
  }
  putEdge(edge: Edge, index = Infinity): void {
    const parents = this.#parents.get(edge.child) ?? []
    parents.splice(Math.min(index, parents.length), 0, edge.parent)
    this.#parents.set(edge.child, parents)
    const children = this.#children.get(edge.parent)
    if (children) children.add(edge.child)
    else this.#children.set(edge.parent, new Set([edge.child]))
    this.#edges++
  }
  /** Remove an edge and return where it was among the child's parents. */
  dropEdge(edge: Edge): number {
    const parents = this.#parents.get(edge.child) ?? []
    const index = parents.indexOf(edge.parent)
    if (index < 0) return -1
    parents.splice(index, 1)
    this.#children.get(edge.parent)?.delete(edge.child)
    this.#edges--
    return index
  }
}

const none: ReadonlySet<BlockId> = new Set()
