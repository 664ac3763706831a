import type { RunRequest } from '../../model/plan'
import { sentenceOf } from '../api/problem'
import type { RunEvent } from '../run/event'
import { lacksAbove, plainReason } from '../run/live'
import { page, say, setPage } from '../session/page'
import { confirmed } from './confirmed'
import type { CanvasStore } from './store'
import type { Wire } from './wire'

type Finished = Extract<RunEvent, { event: 'run.finished' }>
type Store = Pick<CanvasStore, 'graph' | 'live' | 'unsent' | 'connection' | 'onChange'>
/** Ends of runs that nobody here asked for, or whose answer is still on its way. */
const mostUnclaimed = 20

/**
 * The runs that this page asked for, from the asking on: each can be cancelled before the server has given it a name, and
 * one that had nothing to do says so, whichever comes first, the answer or the end.
 *
 *   ask ──> asking ──answer──> under way ──end──> gone
 *                  ──end, then answer───────────>
 */
export class AskedRuns {
  readonly #store: Store
  readonly #wire: Pick<Wire, 'run' | 'cancel'>
  readonly #changed: () => void
  readonly #asking = new Set<{ cancelled: boolean }>()
  readonly #underWay = new Map<string, RunRequest>()
  readonly #unclaimed = new Map<string, Finished>()

  /** Grows when a run has ended, or may have: what was asked about runs before is old. */
  ended = 0
  #said: ReturnType<typeof page>['notice']

  /** `changed` hears that what is under way is another. */
  constructor(store: Store, wire: Pick<Wire, 'run' | 'cancel'>, changed: () => void) {
    this.#store = store
    this.#wire = wire
    this.#changed = changed
  }
  get some(): boolean {
    return this.#asking.size + this.#underWay.size > 0
  }
  /** Have it run as soon as the server has what it is about: what a person sees is what runs. */
  ask(request: RunRequest): void {
    const asking = { cancelled: false }
    this.#asking.add(asking)
    if (this.#said && page().notice === this.#said) setPage({ notice: undefined })
    this.#changed()
    confirmed(this.#store)
      .then(() => this.#wire.run(request))
      .then((run) => {
        const end = this.#unclaimed.get(run)
        if (end) return this.#ended(end, request)
        this.#underWay.set(run, request)
        if (asking.cancelled) this.#cancel([run])
      })
      .catch((error: unknown) => say(sentenceOf(error)))
      .finally(() => {
        this.#asking.delete(asking)
        this.#changed()
      })
  }
  /** Cancel them and `others`. */
  cancel(others: Iterable<string>): void {
    for (const asking of this.#asking) asking.cancelled = true
    this.#cancel([...new Set([...this.#underWay.keys(), ...others])])
  }
  finished(event: Finished): void {
    this.ended++
    const request = this.#underWay.get(event.run)
    this.#underWay.delete(event.run)
    if (request) return this.#ended(event, request)
    this.#unclaimed.set(event.run, event)
    for (const run of [...this.#unclaimed.keys()].slice(0, -mostUnclaimed)) this.#unclaimed.delete(run)
  }
  /** A connection is there: of these is known that they are under way. */
  begin(runs: ReadonlySet<string>): void {
    this.ended++
    for (const run of this.#underWay.keys()) if (!runs.has(run)) this.#underWay.delete(run)
  }

  #cancel(runs: readonly string[]): void {
    if (runs.length > 0) this.#wire.cancel(runs).catch((error: unknown) => say(sentenceOf(error)))
  }
  /** If nothing had to run, or nothing could without what is above it, that is said, and the run offered that does more. */
  #ended(event: Finished, request: RunRequest): void {
    const { status, error, ran = [], restored = [], up_to_date: upToDate = [], skipped = [] } = event
    if (error !== undefined) return say(error)
    const lacking = skipped.map((id) => this.#store.live(id)).find(lacksAbove)
    if (lacking && request.mode === 'this')
      return this.#offer(`Not run: ${plainReason(lacking)}.`, {
        label: 'Run up to here',
        run: () => this.ask({ ...request, mode: 'up_to' }),
      })
    const [only, ...more] = upToDate
    if (status !== 'succeeded' || only === undefined || ran.length + restored.length > 0) return
    this.#offer(
      more.length === 0
        ? `${this.#store.graph.block(only)?.name ?? only} is up to date.`
        : `All ${upToDate.length} blocks are up to date.`,
      { label: 'Run anyway', run: () => this.ask({ ...request, force: true }) },
    )
  }
  /** What is offered after a run stands until there is another one. */
  #offer(...said: Parameters<typeof say>): void {
    say(...said)
    this.#said = page().notice
  }
}
