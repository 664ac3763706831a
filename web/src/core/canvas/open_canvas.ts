import type { BlockId } from '../../model/block'
import { touched, type Change } from '../../model/change'
import type { Graph } from '../../model/graph'
import { guessPlan, type PlanStep, type RunRequest } from '../../model/plan'
import type { Refusal } from '../../model/refusal'
import { changesBetween } from '../../model/text'
import { UndoStack, type Step } from '../../model/undo_stack'
import type { Hello, Person } from '../live/message'
import { atLeast, whyNot, type Role } from '../session/role'
import type { Live } from '../run/live'
import { logOf, type LogPage, type LogQuery } from '../run/log'
import { AskedRuns } from './asked_runs'
import { confirmed } from './confirmed'
import { giveUpTyping } from './give_up_typing'
import { LostTrack, SharedGraph } from './shared_graph'
import { Listeners } from './listeners'
import type { Opening } from './opening'
import { People } from './people'
import { afterRefusal } from './retitled'
import { Seldom } from './seldom'
import { Standings } from './standings'
import type { Attempt, CanvasStore, Connection, Variable } from './store'
import { fill, standingsOf } from './snapshot'
import { Texts, type EditedText } from './texts'
import type { Batch, Wire } from './wire'

/**
 * The store over any wire; of the page's one thread. Own changes are made at once and stay pending until the server confirms
 * them; with each connection those still pending are sent again, under their tokens, so that none is lost or made twice.
 */
export class OpenCanvas implements CanvasStore {
  readonly id: string
  name: string
  role: Role = 'viewer'
  version = 0
  connection: Connection = 'lost'
  /** End the connection; the store is of no use any more. */
  readonly leave: () => void
  readonly #shared: SharedGraph
  readonly #attempts: readonly Attempt[] | undefined
  readonly #wire: Wire
  readonly #source: Opening['source']
  readonly #standings: Standings
  readonly #asked: AskedRuns
  readonly #texts: Texts
  readonly #undo = new UndoStack()
  readonly #listeners = new Listeners()
  readonly #people = new People()
  readonly #seldom = new Seldom((blocks) => this.#tell(blocks, false))
  readonly #page = crypto.randomUUID().slice(0, 8)
  #epoch: string | undefined
  #tokens = 0
  constructor(opening: Opening, wire: Wire) {
    this.id = opening.id
    this.name = opening.name
    this.#attempts = opening.attempts
    this.#shared = new SharedGraph(opening.graph)
    this.#wire = wire
    this.#source = opening.source
    this.#texts = new Texts(wire, opening.graph)
    this.#standings = new Standings(opening, (id) => this.#tell([id], false))
    this.#asked = new AskedRuns(this, wire, () => this.#tell([], false))
    this.leave = wire.listen({
      welcome: (hello) => this.#welcome(hello),
      deliver: (batch) => this.#guarded(() => this.#receive(batch)),
      texts: (texts) => this.#guarded(() => this.#receive({ texts: [texts] })),
      lost: (why) => this.#lost(why),
    })
  }
  get graph(): Graph {
    return this.#shared.graph
  }
  get running(): boolean {
    return this.#asked.some || this.#standings.runs.size > 0
  }
  get preparing(): string | undefined {
    return this.#standings.preparing
  }
  get problem(): string | undefined {
    return this.#standings.problem
  }
  get unsent(): number {
    return this.#shared.pendingCount + this.#texts.unsent().length
  }
  live(id: BlockId): Live {
    return this.#standings.live(id)
  }
  variables(id: BlockId): readonly Variable[] {
    return this.#standings.variables(id)
  }
  attempts(): readonly Attempt[] {
    return this.#attempts ?? this.#standings.lastRun(this.graph)
  }
  log(id: BlockId, asked: LogQuery): Promise<LogPage> {
    return this.#source?.log(id, asked) ?? Promise.resolve(logOf(this.live(id).outputs, asked))
  }
  readonly people = (): readonly Person[] => this.#people.all()
  readonly runsEnded = (): number => this.#asked.ended
  readonly morePeople = (): number => this.#people.more
  change(change: Change, key?: string): Refusal | undefined {
    if (!atLeast(this.role, 'editor')) return { reason: 'ROLE', message: whyNot(this.role, 'editor')! }
    const result = this.#perform(change)
    if (result.ok) this.#undo.push(result.inverse, key)
    return result.ok ? undefined : result.refusal
  }
  readonly lastDone = (): unknown => this.#undo.last
  undo(): boolean {
    return this.#undo.undo((step) => this.#step(step))
  }
  redo(): boolean {
    return this.#undo.redo((step) => this.#step(step))
  }
  plan(request: RunRequest): readonly PlanStep[] {
    return guessPlan(this.graph, request, (id) => this.live(id).state)
  }
  askPlan(request: RunRequest): Promise<readonly PlanStep[]> {
    return confirmed(this).then(() => this.#wire.plan(request))
  }
  run(request: RunRequest): void {
    this.#asked.ask(request)
  }
  cancel(): void {
    this.#asked.cancel(this.#standings.runs)
  }
  onBlock(id: BlockId, listener: () => void): () => void {
    this.#standings.watch(id)
    return this.#listeners.onBlock(id, listener)
  }
  onChange(listener: (blocks: ReadonlySet<BlockId>) => void): () => void {
    return this.#listeners.onChange(listener)
  }
  editText<T extends EditedText>(id: BlockId, make: (version: number, code: string) => T): T | undefined {
    return this.#texts.edit(id, make) as T | undefined
  }
  typed(id: BlockId): void {
    const edited = this.#texts.edited(id)
    if (!edited) return
    this.#shared.setText(id, edited.code)
    this.#standings.outdate(id)
    this.#texts.send(id)
    this.#tell([id], true)
  }
  leftText(id: BlockId, depthBefore: number): void {
    if ((this.#texts.edited(id)?.depth ?? 0) > depthBefore)
      this.#undo.push({ op: 'typing', id, depth: depthBefore })
  }
  setText(id: BlockId, code: string): void {
    const edited = this.#texts.edited(id)
    if (!edited) return void this.change({ op: 'setCode', id, code })
    const { depth } = edited
    edited.replace(changesBetween(edited.code, code))
    this.leftText(id, depth)
  }
  moveCursor(place?: { id: BlockId; anchor: number; head: number }): void {
    this.#wire.cursor(place?.id ?? null, place?.anchor ?? 0, place?.head ?? 0)
  }
  #perform(change: Change) {
    const token = `${this.#page}-${++this.#tokens}`
    const result = this.#shared.propose(token, change)
    if (result.ok) {
      this.#wire.send(token, change)
      this.#texts.follow(change)
      if (change.op === 'setCode') this.#standings.outdate(change.id)
      this.#tell(touched(change), true)
    }
    return result
  }
  #step(step: Step): Step | undefined {
    if (step.op === 'typing') {
      const depth = this.#texts.edited(step.id)?.goTo(step.depth)
      return depth === undefined ? undefined : { ...step, depth }
    }
    const result = this.#perform(step)
    return result.ok ? result.inverse : undefined
  }
  #welcome(hello: Hello): void {
    const changed = new Set<BlockId>()
    this.#people.begin(hello.connection)
    this.#texts.reconnected()
    this.role = hello.role
    for (const id of giveUpTyping(this.#texts, this.role)) this.#shared.showText(id, this.#texts.code(id))
    const { snapshot } = hello
    this.name = (snapshot ?? hello.canvas ?? this).name
    if (snapshot) {
      if (this.#epoch !== undefined && this.#epoch !== hello.epoch) this.#undo.clear()
      for (const block of this.graph.blocks()) changed.add(block.id)
      for (const id of this.#shared.restart(snapshot.seq, (graph) => fill(graph, snapshot))) changed.add(id)
      for (const id of changed) if (!this.graph.block(id)) this.#texts.drop(id)
      for (const block of snapshot.blocks) this.#texts.put(block.id, block.version, block.code)
    }
    for (const { block, version } of hello.blocks ?? []) this.#texts.ask(block, version)
    this.#standings.begin(standingsOf(hello), snapshot?.runs ?? hello.runs ?? [])
    this.#asked.begin(this.#standings.runs)
    for (const { id } of snapshot?.blocks ?? []) this.#shared.showText(id, this.#texts.code(id))
    this.#epoch = hello.epoch
    this.#place()
    for (const { token, change } of this.#shared.pending()) this.#wire.send(token, change)
    for (const id of this.#texts.unsent()) this.#texts.send(id)
    for (const block of this.graph.blocks()) changed.add(block.id)
    this.connection = 'open'
    this.#tell(changed, true)
  }
  #receive(batch: Batch): void {
    const { operations = [], refused = [], texts = [] } = batch
    const own = new Map(this.#shared.pending().map(({ token, change }) => [token, change]))
    const accepted = this.#shared.accept(
      operations,
      Array.from(refused, ({ token }) => token),
    )
    const changed = new Set(accepted)
    for (const id of this.#texts.take(operations, texts)) changed.add(id)
    for (const id of changed) this.#shared.showText(id, this.#texts.code(id))
    for (const again of afterRefusal(refused, own, this.graph)) this.#perform(again)
    // A block that came back, because its deletion was refused, has no text here.
    const lostText = (id: BlockId) => this.graph.block(id) && this.#texts.code(id) === undefined
    if (refused.length > 0 && [...changed].some(lostText)) this.#wire.resync()
    const printed = this.#standings.take(batch, this.graph, changed)
    for (const event of batch.events ?? []) if (event.event === 'run.finished') this.#asked.finished(event)
    this.#people.take(batch)
    this.name = (batch.canvas ?? this).name
    this.#place()
    const crowd = batch.people !== undefined || batch.others !== undefined
    const rest = accepted.length + operations.length > 0 || crowd || !!batch.canvas
    if (rest || changed.size > 0 || printed.size === 0) this.#tell(changed, rest)
    this.#seldom.add([...printed].filter((id) => !changed.has(id)))
  }
  #guarded(receive: () => void): void {
    try {
      receive()
    } catch (error) {
      if (!(error instanceof LostTrack)) console.error(error)
      this.#wire.resync()
    }
  }
  #place(): void {
    if (this.#epoch !== undefined) this.#wire.resumeFrom({ epoch: this.#epoch, seq: this.#shared.seq })
  }
  #lost(why: string | undefined): void {
    if (this.connection === 'lost' && why === undefined) return
    this.#standings.problem = why
    this.connection = 'lost'
    this.#people.begin(undefined)
    this.#tell([], true)
  }
  #tell(blocks: Iterable<BlockId>, structure: boolean): void {
    if (structure) this.version++
    this.#seldom.told(blocks)
    this.#listeners.tell(new Set(blocks))
  }
}
