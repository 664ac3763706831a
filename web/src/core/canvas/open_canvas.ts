import type { BlockId } from '../../model/block'
import { touched, type Change } from '../../model/change'
import type { Graph } from '../../model/graph'
import { guessPlan, type PlanStep, type RunRequest } from '../../model/plan'
import type { Refusal } from '../../model/refusal'
import { UndoStack } from '../../model/undo_stack'
import type { RunEvent } from '../run/event'
import { follow, neverRun, type Live } from '../run/live'
import { SharedGraph } from './shared_graph'
import type { Attempt, CanvasStore, Variable } from './store'
import type { Batch, Wire } from './wire'

export interface Opening {
  readonly name: string
  readonly graph: Graph
  readonly live: ReadonlyMap<BlockId, Live>
  readonly variables: ReadonlyMap<BlockId, readonly Variable[]>
  readonly attempts: readonly Attempt[]
}

/** The store over any wire. Confined to the page's one thread. */
export class OpenCanvas implements CanvasStore {
  readonly name: string
  version = 0
  running = false
  readonly #shared: SharedGraph
  readonly #opening: Opening
  readonly #wire: Wire
  readonly #live: Map<BlockId, Live>
  readonly #undo = new UndoStack()
  readonly #blockListeners = new Map<BlockId, Set<() => void>>()
  readonly #listeners = new Set<(blocks: ReadonlySet<BlockId>) => void>()
  #tokens = 0

  constructor(opening: Opening, wire: Wire) {
    this.name = opening.name
    this.#opening = opening
    this.#shared = new SharedGraph(opening.graph)
    this.#live = new Map(opening.live)
    this.#wire = wire
    wire.listen((batch) => this.#receive(batch))
  }
  get graph(): Graph {
    return this.#shared.graph
  }
  live(id: BlockId): Live {
    return this.#live.get(id) ?? neverRun
  }
  variables(id: BlockId): readonly Variable[] {
    return this.#opening.variables.get(id) ?? []
  }
  attempts(): readonly Attempt[] {
    return this.#opening.attempts
  }
  change(change: Change, key?: string): Refusal | undefined {
    const result = this.#perform(change)
    if (!result.ok) return result.refusal
    this.#undo.push(result.inverse, key)
    return undefined
  }
  undo(): boolean {
    return this.#undo.undo((change) => this.#inverse(change))
  }
  redo(): boolean {
    return this.#undo.redo((change) => this.#inverse(change))
  }
  plan(request: RunRequest): readonly PlanStep[] {
    return guessPlan(this.graph, request, (id) => this.live(id).state)
  }
  run(request: RunRequest): void {
    this.#wire.run(request)
  }
  cancel(): void {
    this.#wire.cancel()
  }
  onBlock(id: BlockId, listener: () => void): () => void {
    const set = this.#blockListeners.get(id) ?? new Set()
    this.#blockListeners.set(id, set.add(listener))
    return () => {
      set.delete(listener)
      if (set.size === 0) this.#blockListeners.delete(id)
    }
  }
  onChange(listener: (blocks: ReadonlySet<BlockId>) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #perform(change: Change) {
    const token = `${++this.#tokens}`
    const result = this.#shared.propose(token, change)
    if (result.ok) {
      this.#wire.send(token, change)
      if (change.op === 'setCode') this.#outdate(change.id)
      this.#tell(touched(change), true)
    }
    return result
  }
  #inverse(change: Change): Change | undefined {
    const result = this.#perform(change)
    return result.ok ? result.inverse : undefined
  }
  /** Show at once what the server will say: code that changed makes a result stale. */
  #outdate(id: BlockId): void {
    const live = this.live(id)
    if (live.state === 'up_to_date') this.#live.set(id, { ...live, state: 'stale', reason: 'code changed' })
  }
  #receive(batch: Batch): void {
    const foreign = this.#shared.accept(
      batch.operations,
      batch.refused.map((refusal) => refusal.token),
    )
    const changed = new Set(foreign)
    for (const { block, state, reason } of batch.states) {
      const id = this.#id(block)
      this.#live.set(id, { ...this.live(id), state, reason })
      changed.add(id)
    }
    for (const event of batch.events) this.#event(event, changed)
    this.#tell(changed, foreign.length > 0)
  }
  #event(event: RunEvent, changed: Set<BlockId>): void {
    if (event.event === 'run.started' || event.event === 'run.finished') {
      this.running = event.event === 'run.started'
      return
    }
    const id = this.#id(event.block)
    this.#live.set(id, follow(this.live(id), event, performance.now()))
    changed.add(id)
  }
  /** Events name blocks, as canvas.yaml does. */
  #id(name: string): BlockId {
    return this.graph.named(name)?.id ?? name
  }
  #tell(blocks: Iterable<BlockId>, structure: boolean): void {
    const set = new Set(blocks)
    if (structure) this.version++
    for (const id of set) for (const listener of this.#blockListeners.get(id) ?? []) listener()
    for (const listener of this.#listeners) listener(set)
  }
}
