import { apply, touched, type Change } from '../../model/change'
import type { BlockId } from '../../model/block'
import type { Graph } from '../../model/graph'
import type { Refusal } from '../../model/refusal'
import type { Operation } from './wire'

interface Pending {
  readonly token: string
  readonly change: Change
  inverse: Change
}

/**
 * A graph that several people change: the server's operations in its order, then this page's own that it has not
 * confirmed yet. A foreign operation is put below ours: ours are taken back, it is applied, ours are made again. Every
 * page therefore ends with the same graph once nothing is pending.
 */
export class SharedGraph {
  readonly graph: Graph
  #pending: Pending[] = []
  #seq = 0

  constructor(graph: Graph) {
    this.graph = graph
  }
  get seq(): number {
    return this.#seq
  }
  get pendingCount(): number {
    return this.#pending.length
  }
  /** Make an own change at once. */
  propose(token: string, change: Change): { ok: true; inverse: Change } | { ok: false; refusal: Refusal } {
    const result = apply(this.graph, change)
    if (result.ok) this.#pending.push({ token, change, inverse: result.inverse })
    return result
  }
  /** Take the server's next operations in and return the blocks that they touch. */
  accept(operations: readonly Operation[], refused: readonly string[] = []): BlockId[] {
    const changed: BlockId[] = []
    for (const operation of operations) {
      if (operation.seq <= this.#seq) continue
      if (this.#pending[0]?.token === operation.token) this.#pending.shift()
      else changed.push(...this.#below(operation))
      this.#seq = operation.seq
    }
    const gone = new Set(refused)
    if (this.#pending.some((p) => gone.has(p.token))) changed.push(...this.#below(undefined, gone))
    return changed
  }

  #below(operation: Operation | undefined, gone: ReadonlySet<string> = new Set()): BlockId[] {
    const changed: BlockId[] = []
    for (const pending of this.#pending.toReversed()) {
      apply(this.graph, pending.inverse)
      changed.push(...touched(pending.change))
    }
    if (operation) {
      apply(this.graph, operation.change)
      changed.push(...touched(operation.change))
      gone = new Set([...gone, operation.token])
    }
    this.#pending = this.#pending.filter((pending) => {
      if (gone.has(pending.token)) return false
      const again = apply(this.graph, pending.change)
      // What is refused now the server refuses too, and says so; until then it is not shown.
      pending.inverse = again.ok ? again.inverse : { op: 'batch', changes: [] }
      return true
    })
    return changed
  }
}
