import { apply, touched, type Change } from '../../model/change'
import type { BlockId } from '../../model/block'
import type { Graph } from '../../model/graph'
import type { Refusal } from '../../model/refusal'
import type { Operation } from './wire'

interface Pending {
  readonly token: string
  readonly change: Change
  inverse: Change
  /** False while it is refused on top of what others did. */
  made: boolean
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

  constructor(graph: Graph, seq = 0) {
    this.graph = graph
    this.#seq = seq
  }
  get seq(): number {
    return this.#seq
  }
  get pendingCount(): number {
    return this.#pending.length
  }
  /** Own changes that the server has not confirmed, in order: what a new connection sends again. */
  pending(): readonly { readonly token: string; readonly change: Change }[] {
    return this.#pending
  }
  /** Put a block's text where texts are ordered by themselves. */
  setText(id: BlockId, code: string): void {
    const block = this.graph.block(id)
    if (block && block.code !== code) this.graph.putBlock({ ...block, code })
  }
  /** The same with what the server's texts say, unless it was just set here. */
  showText(id: BlockId, code: string | undefined): void {
    const setHere = this.#pending.some(({ change }) => change.op === 'setCode' && change.id === id)
    if (!setHere && code !== undefined) this.setText(id, code)
  }
  /** Make an own change at once. */
  propose(token: string, change: Change): { ok: true; inverse: Change } | { ok: false; refusal: Refusal } {
    const result = apply(this.graph, change)
    if (result.ok) this.#pending.push({ token, change, inverse: result.inverse, made: true })
    return result
  }
  /** Take the server's next operations in and return the blocks that they touch. */
  accept(operations: readonly Operation[], refused: readonly string[] = []): BlockId[] {
    const changed: BlockId[] = []
    for (const operation of operations) {
      if (operation.seq <= this.#seq) {
        // An answer that came again: a snapshot holds it already.
        if (this.#pending.some((p) => p.token === operation.token))
          changed.push(...this.#below(() => [], new Set([operation.token])))
        continue
      }
      if (operation.seq !== this.#seq + 1)
        throw new LostTrack(`operation ${operation.seq} came after ${this.#seq}`)
      if (this.#pending[0]?.token === operation.token && this.#pending[0].made) this.#pending.shift()
      else {
        const make = () => {
          if (!apply(this.graph, operation.change).ok)
            throw new LostTrack(`operation ${operation.seq} is refused`)
          return touched(operation.change)
        }
        changed.push(...this.#below(make, new Set([operation.token])))
      }
      this.#seq = operation.seq
    }
    const gone = new Set(refused)
    if (this.#pending.some((p) => gone.has(p.token))) changed.push(...this.#below(() => [], gone))
    return changed
  }
  /** Begin anew from a snapshot, which `fill` puts into the graph; own changes are made again on top of it. */
  restart(seq: number, fill: (graph: Graph) => readonly BlockId[]): BlockId[] {
    this.#seq = seq
    return this.#below(() => fill(this.graph), new Set())
  }

  /** Take own changes back, let `make` change what is below them, and make those again that are not `gone`. */
  #below(make: () => readonly BlockId[], gone: ReadonlySet<string>): BlockId[] {
    const changed: BlockId[] = []
    for (const pending of this.#pending.toReversed()) {
      apply(this.graph, pending.inverse)
      changed.push(...touched(pending.change))
    }
    changed.push(...make())
    this.#pending = this.#pending.filter((pending) => {
      if (gone.has(pending.token)) return false
      const again = apply(this.graph, pending.change)
      // What is refused now the server refuses too, and says so; until then it is not shown.
      pending.inverse = again.ok ? again.inverse : { op: 'batch', changes: [] }
      pending.made = again.ok
      return true
    })
    return changed
  }
}

/** The graph is not what the server has: only a snapshot helps. */
export class LostTrack extends Error {}
