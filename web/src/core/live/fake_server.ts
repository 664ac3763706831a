import { apply } from '../../model/change'
import type { Graph } from '../../model/graph'
import { refusalText } from '../../model/refusal'
import { changedText, changesBetween, type TextUpdate } from '../../model/text'
import { blockToWire, fromWire, type WireChange } from './change_form'
import type { FromServer, Hello, Refused, ToServer } from './message'
import type { Place, Surroundings, WebSocketLike } from './socket'

type Operation = { seq: number; token: string; change: WireChange; actor: string; at_ms: number }
interface Content {
  operations: Operation[]
  refused: Refused[]
  texts: { block: string; version: number; updates: TextUpdate[] }[]
}
const nothing = (): Content => ({ operations: [], refused: [], texts: [] })

/**
 * For tests: the server of docs/formats/live.md in memory, over connections that do nothing by themselves. The test moves
 * each message, cuts connections with what is on its way, and lets time pass.
 */
export class FakeServer {
  readonly graph: Graph
  readonly log: Operation[] = []
  readonly texts = new Map<string, { code: string; updates: TextUpdate[]; first: number }>()
  readonly connections = new Set<FakeConnection>()
  epoch = 'first'
  /** How many operations are remembered for who comes back; older ones need a snapshot. */
  remembered = Infinity
  /** Of whoever connects; it is told in the first message. */
  role: Hello['role'] = 'owner'

  constructor(graph: Graph) {
    this.graph = graph
    for (const block of graph.blocks()) this.#begin(block.id, block.code)
  }
  #begin(id: string, code: string): void {
    this.texts.set(id, { code, updates: [], first: 0 })
  }
  hello(place: Place | undefined): Hello {
    const seq = this.log.length
    const resumed = place?.epoch === this.epoch && place.seq <= seq && seq - place.seq <= this.remembered
    const more = resumed ? { blocks: this.#standings() } : { snapshot: this.#snapshot() }
    const user = { id: 'u', name: 'U' }
    return { type: 'hello', epoch: this.epoch, seq, resumed, user, role: this.role, runs: [], ...more }
  }
  /** One message of a page. */
  take(from: FakeConnection, message: ToServer): void {
    const mayEdit = this.role !== 'viewer' && this.role !== 'runner'
    if (message.op === 'text' && !mayEdit) return from.cut()
    if (message.op === 'change' && !mayEdit)
      return void from.pending.refused.push({ token: message.token, reason: 'ROLE_TOO_LOW', message: 'no' })
    switch (message.op) {
      case 'change':
        return this.#change(from, message.token, message.change)
      case 'text': {
        const text = this.texts.get(message.block)
        if (!text || message.version !== text.updates.length) return
        return this.#update(message.block, message.updates)
      }
      case 'pull': {
        const text = this.texts.get(message.block)
        if (!text) return
        const updates = text.updates.slice(message.version)
        from.toPage.push({ type: 'texts', block: message.block, version: text.updates.length, updates })
        return
      }
      case 'ack':
        from.acknowledged = message.batch
        return
      case 'cursor':
        return
    }
  }
  /** A change that is made in the folder. */
  edit(id: string, code: string): void {
    this.#make('', 'folder', { op: 'setCode', id, code })
  }

  #change(from: FakeConnection, token: string, change: WireChange): void {
    const known = this.log.find((operation) => operation.token === token)
    if (known) return void from.pending.operations.push(known)
    const refusal = this.#make(token, 'u', change)
    if (refusal) from.pending.refused.push({ token, ...refusal })
  }
  #make(token: string, actor: string, change: WireChange) {
    const result = apply(this.graph, fromWire(change))
    if (!result.ok) return { reason: result.refusal.reason, message: refusalText(result.refusal, this.graph) }
    const operation = { seq: this.log.length + 1, token, change, actor, at_ms: 0 }
    this.log.push(operation)
    for (const connection of this.connections) connection.pending.operations.push(operation)
    this.#follow(change)
    return undefined
  }
  #follow(change: WireChange): void {
    if (change.op === 'add') this.#begin(change.block.id, change.block.code)
    if (change.op === 'paste') for (const block of change.blocks) this.#begin(block.id, block.code)
    if (change.op === 'delete') for (const id of change.ids) this.texts.delete(id)
    if (change.op === 'batch') for (const each of change.changes) this.#follow(each)
    if (change.op !== 'setCode') return
    const changes = changesBetween(this.texts.get(change.id)!.code, change.code)
    this.#update(change.id, [{ client: 'folder', changes }])
  }
  #update(block: string, updates: readonly TextUpdate[]): void {
    const text = this.texts.get(block)!
    for (const update of updates) {
      const code = changedText(text.code, update.changes)
      if (code === undefined) throw new Error('a page sent an update for another text')
      text.code = code
      text.updates.push(update)
    }
    // In one batch it may be gone again by now.
    const known = this.graph.block(block)
    if (known) this.graph.putBlock({ ...known, code: text.code })
    for (const connection of this.connections)
      connection.pending.texts.push({ block, version: text.updates.length, updates: [...updates] })
  }
  #standings() {
    const standing = { state: 'never_run', reason: '' } as const
    return [...this.texts].map(([block, text]) => ({ block, version: text.updates.length, ...standing }))
  }
  #snapshot(): NonNullable<Hello['snapshot']> {
    const standing = { state: 'never_run', reason: '', file: '' } as const
    return {
      ...{ id: 'c', name: 'c', role: 'owner', environment: 'default', runs: [] },
      epoch: this.epoch,
      seq: this.log.length,
      edges: [...this.graph.edges()],
      blocks: [...this.graph.blocks()].map((block) => ({
        ...blockToWire(block),
        ...standing,
        version: this.texts.get(block.id)!.updates.length,
      })),
    }
  }
}

/** One connection: what is on its way in each direction. */
export class FakeConnection implements WebSocketLike {
  onmessage: WebSocketLike['onmessage'] = null
  onclose: WebSocketLike['onclose'] = null
  readonly toPage: FromServer[] = []
  readonly toServer: string[] = []
  pending = nothing()
  acknowledged = 0
  #batch = 0
  readonly #server: FakeServer

  constructor(server: FakeServer, place: Place | undefined) {
    this.#server = server
    const hello = server.hello(place)
    this.toPage.push(hello)
    if (hello.resumed) this.pending.operations.push(...server.log.slice(place!.seq))
    server.connections.add(this)
  }
  send(data: string): void {
    this.toServer.push(data)
  }
  close(): void {
    this.#server.connections.delete(this)
  }
  /** Both ends hear of it, or rather nothing more; the page may hear why. */
  cut(reason?: string): void {
    this.close()
    this.onclose?.((reason === undefined ? { code: 1006 } : { code: 4000, reason }) as CloseEvent)
  }
  up(): boolean {
    const next = this.toServer.shift()
    if (next !== undefined) this.#server.take(this, JSON.parse(next) as ToServer)
    return next !== undefined
  }
  down(): boolean {
    const { operations, refused, texts } = this.pending
    if (operations.length + refused.length + texts.length > 0 && this.#batch - this.acknowledged < 4) {
      this.toPage.push({ type: 'batch', batch: ++this.#batch, operations, refused, texts })
      this.pending = nothing()
    }
    const next = this.toPage.shift()
    if (next) this.onmessage?.({ data: JSON.stringify(next) } as MessageEvent)
    return next !== undefined
  }
}

/** A page's surroundings, all of it in the test's hands. */
export class FakeSurroundings implements Surroundings {
  connection: FakeConnection | undefined
  readonly #server: FakeServer
  readonly #timers = new Set<() => void>()
  readonly #undrawn: (() => void)[] = []

  constructor(server: FakeServer) {
    this.#server = server
  }
  connect(place: Place | undefined): FakeConnection {
    return (this.connection = new FakeConnection(this.#server, place))
  }
  later(_ms: number, work: () => void): () => void {
    this.#timers.add(work)
    return () => void this.#timers.delete(work)
  }
  random(): number {
    return 0.5
  }
  afterDrawing(work: () => void): void {
    this.#undrawn.push(work)
  }
  whenBetter(): () => void {
    return () => undefined
  }
  failed(): void {}
  /** All timers are due. */
  wait(): void {
    for (const work of [...this.#timers]) if (this.#timers.delete(work)) work()
  }
  draw(): void {
    for (const work of this.#undrawn.splice(0)) work()
  }
}
