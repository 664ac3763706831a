import type { BlockId } from '../../model/block'
import type { Graph } from '../../model/graph'
import type { Run, Standing } from '../live/message'
import type { RunEvent } from '../run/event'
import { follow, neverRun, type Live } from '../run/live'
import { lastRun } from '../run/last_run'
import { Details, type DetailSource } from './details'
import type { Attempt, Variable } from './store'
import type { Batch } from './wire'

interface Opening {
  readonly live: ReadonlyMap<BlockId, Live>
  readonly variables: ReadonlyMap<BlockId, readonly Variable[]>
  readonly source?: DetailSource
}
const nothing: readonly Variable[] = []

/** Where each block stands, what it shows and what it holds; and the runs under way. */
export class Standings {
  readonly runs = new Set<string>()
  /** Runs that wait for an environment, with what is being done for it. */
  readonly #preparing = new Map<string, string>()
  /** What is wrong with the canvas's folder or its engine. */
  problem: string | undefined
  readonly #live: Map<BlockId, Live>
  readonly #variables: Map<BlockId, readonly Variable[]>
  readonly #details: Details | undefined
  /** When blocks began, where this page saw it; Unix milliseconds. */
  readonly #begunMs = new Map<BlockId, number>()

  constructor(opening: Opening, changed: (id: BlockId) => void) {
    this.#live = new Map(opening.live)
    this.#variables = new Map(opening.variables)
    if (!opening.source) return
    this.#details = new Details(
      opening.source,
      (id) => this.live(id),
      (id, { outputs, variables }) => {
        if (variables) this.#variables.set(id, variables)
        // A new value either way: whoever shows the block looks at its variables, too.
        this.#live.set(id, { ...this.live(id), ...(outputs && { outputs }) })
        changed(id)
      },
    )
  }
  live(id: BlockId): Live {
    return this.#live.get(id) ?? neverRun
  }
  variables(id: BlockId): readonly Variable[] {
    return this.#variables.get(id) ?? nothing
  }
  lastRun(graph: Graph): readonly Attempt[] {
    return lastRun(graph.blocks(), (id) => this.live(id), this.#begunMs, Date.now())
  }
  watch(id: BlockId): void {
    this.#details?.watch(id)
  }
  /** A connection is there: everything may have changed. */
  begin(standings: readonly Standing[], runs: readonly Run[]): void {
    this.runs.clear()
    this.problem = undefined
    this.#preparing.clear()
    for (const { run, status, message } of runs) {
      this.runs.add(run)
      if (status === 'preparing') this.#preparing.set(run, message ?? '')
    }
    this.#details?.forget()
    for (const standing of standings) this.#stand(standing)
  }
  /** What a run waits for: undefined if none does, the last line about it, or nothing yet. */
  get preparing(): string | undefined {
    return [...this.#preparing.values()].at(-1)
  }
  /**
   * Code was edited. A server tells what that makes stale, most often nothing else does: a comment changes no result. A
   * recording has nobody to tell it.
   */
  outdate(id: BlockId): void {
    if (this.#details) return
    const live = this.live(id)
    if (live.state === 'up_to_date') this.#live.set(id, { ...live, state: 'stale', reason: 'code changed' })
  }
  /** Take states and events in; puts the blocks that look different into `changed`, and returns those that printed. */
  take({ states = [], events = [], problem }: Batch, graph: Graph, changed: Set<BlockId>): Set<BlockId> {
    if (problem !== undefined) this.problem = problem ?? undefined
    const printed = new Set<BlockId>()
    for (const standing of states) {
      this.#stand(standing)
      changed.add(standing.block)
    }
    for (const event of events) {
      if (event.event === 'run.preparing') {
        this.runs.add(event.run)
        this.#preparing.set(event.run, '')
      } else if (event.event === 'environment.progress') {
        if (event.run !== undefined && this.#preparing.has(event.run))
          this.#preparing.set(event.run, event.message)
      } else if (event.event === 'run.started') {
        this.runs.add(event.run)
        this.#preparing.delete(event.run)
      } else if (event.event === 'run.finished') {
        this.runs.delete(event.run)
        this.#preparing.delete(event.run)
      } else {
        if (event.event === 'block.output') printed.add(event.block)
        else changed.add(event.block)
        this.#event(event, graph)
      }
    }
    // The bar that says what runs is about no block.
    return printed
  }

  #stand({ block, state, reason, attempt, run_ms, finished_ms, started_ms }: Standing): void {
    const live = this.live(block)
    // A new attempt begins with nothing; what the one before showed stays until this one shows something.
    this.#live.set(block, {
      ...live,
      state,
      reason,
      attempt: attempt ?? live.attempt,
      finishedMs: finished_ms ?? live.finishedMs,
      phasesMs: run_ms === undefined ? live.phasesMs : { ...live.phasesMs, run: run_ms },
      // Begun before this page came: on its own clock, and not in its future if the clocks differ.
      ...(started_ms !== undefined &&
        (live.attempt !== attempt || live.startedMs === undefined) && {
          startedMs: performance.now() - Math.max(0, Date.now() - started_ms),
          late: true,
          marks: undefined,
          endedMs: undefined,
        }),
    })
    this.#details?.refresh(block)
  }
  #event(event: Extract<RunEvent, { block: string }>, graph: Graph): void {
    const id = event.block
    if (this.#details && !this.#details.event(id, event)) return
    if (event.event === 'block.started') this.#begunMs.set(id, Date.now())
    this.#live.set(id, follow(this.live(id), event, performance.now()))
    if (event.event !== 'block.finished') return
    if (event.attempt !== undefined) this.#live.set(id, { ...this.live(id), finishedMs: Date.now() })
    this.#details?.refresh(id)
    if (event.status !== 'up_to_date')
      for (const below of graph.reach([id], 'down')) this.#details?.outdated(below)
  }
}
