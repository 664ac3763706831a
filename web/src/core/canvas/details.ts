import type { BlockId } from '../../model/block'
import type { Output } from '../output/output'
import { follow, neverRun, type Live } from '../run/live'
import type { RunEvent } from '../run/event'
import type { LogPage, LogQuery } from '../run/log'
import { behind, type Fetched } from './seam'
import type { Variable } from './store'

/** Where the outputs and variables of a block come from when no event told them. */
export interface DetailSource {
  outputs(block: BlockId, attempt: string): Promise<Fetched>
  variables(block: BlockId): Promise<readonly Variable[]>
  log(block: BlockId, asked: LogQuery): Promise<LogPage>
}
interface Need {
  /** The attempt whose outputs are here or under way. */
  outputsOf?: string
  /** Events that came while the outputs were under way: there as long as they are. */
  meanwhile?: RunEvent[]
  /** The outputs are put together from two halves, or cut: they are fetched again when the attempt has ended. */
  patched?: boolean
  variablesKnown?: boolean
  watched?: boolean
}
const atOnce = 4

/** Fetches what watched blocks show and hold: not of blocks that nobody looks at, and never more than a few at once. */
export class Details {
  readonly #needs = new Map<BlockId, Need>()
  readonly #queue: (() => Promise<void>)[] = []
  readonly #source: DetailSource
  readonly #live: (id: BlockId) => Live
  readonly #found: (
    id: BlockId,
    found: { outputs?: readonly Output[]; variables?: readonly Variable[] },
  ) => void
  #busy = 0

  constructor(
    source: DetailSource,
    live: (id: BlockId) => Live,
    found: (id: BlockId, found: { outputs?: readonly Output[]; variables?: readonly Variable[] }) => void,
  ) {
    this.#source = source
    this.#live = live
    this.#found = found
  }
  /** Somebody looks at this block, from now on. */
  watch(id: BlockId): void {
    const need = this.#need(id)
    if (need.watched) return
    need.watched = true
    this.refresh(id)
  }
  /** An event of the block: true if it is to be followed at once, false if it waits for the outputs before it. */
  event(id: BlockId, event: RunEvent & { cut_bytes?: number }): boolean {
    const need = this.#need(id)
    if (event.event === 'block.started') {
      need.outputsOf = event.attempt
      delete need.meanwhile
      delete need.patched
    }
    if (event.cut_bytes) need.patched = true
    if (event.event === 'block.finished') need.variablesKnown = false
    if (need.meanwhile === undefined || !/output|display|error/.test(event.event)) return true
    need.meanwhile.push(event)
    return false
  }
  /** The standing may tell of another attempt. */
  refresh(id: BlockId): void {
    const need = this.#need(id)
    if (!need.watched) return
    const { attempt, state } = this.#live(id)
    if (attempt === undefined) return
    const ended = state !== 'running' && state !== 'queued'
    if (need.outputsOf !== attempt || (need.patched && ended && !need.meanwhile)) {
      need.outputsOf = attempt
      need.patched = !ended
      const meanwhile = (need.meanwhile = [])
      this.#do(() => this.#outputs(id, need, attempt, meanwhile))
    }
    if (!need.variablesKnown && ended) {
      need.variablesKnown = true
      this.#do(() => this.#variables(id, need))
    }
  }
  /** What this block inherits may have changed. */
  outdated(id: BlockId): void {
    const need = this.#needs.get(id)
    if (!need) return
    need.variablesKnown = false
    this.refresh(id)
  }
  /** Everything may have changed while there was no connection. */
  forget(): void {
    for (const [id, need] of this.#needs) this.#needs.set(id, need.watched ? { watched: true } : {})
  }

  #need(id: BlockId): Need {
    let need = this.#needs.get(id)
    if (!need) this.#needs.set(id, (need = {}))
    return need
  }
  async #outputs(id: BlockId, need: Need, attempt: string, meanwhile: RunEvent[]): Promise<void> {
    // An attempt that began since tells everything by events.
    if (need.meanwhile !== meanwhile) return
    let fetched: Fetched
    try {
      fetched = await this.#source.outputs(id, attempt)
    } catch {
      // What came meanwhile is shown all the same; the rest is asked for again when the standing changes.
      if (need.meanwhile !== meanwhile) return
      if (meanwhile.length > 0) this.#show(id, meanwhile)
      delete need.outputsOf
      delete need.meanwhile
      return
    }
    if (need.meanwhile !== meanwhile || this.#needs.get(id) !== need) return
    delete need.meanwhile
    this.#show(id, [...fetched.events, ...behind(fetched, meanwhile)])
    if (need.patched) this.refresh(id)
  }
  #show(id: BlockId, events: readonly RunEvent[]): void {
    const { outputs } = events.reduce((live, event) => follow(live, event, 0), neverRun)
    this.#found(id, { outputs })
  }
  async #variables(id: BlockId, need: Need): Promise<void> {
    try {
      this.#found(id, { variables: await this.#source.variables(id) })
    } catch {
      need.variablesKnown = false
    }
  }
  #do(work: () => Promise<void>): void {
    this.#queue.push(work)
    this.#next()
  }
  #next(): void {
    while (this.#busy < atOnce && this.#queue.length > 0) {
      this.#busy++
      void this.#queue.shift()!().finally(() => {
        this.#busy--
        this.#next()
      })
    }
  }
}
