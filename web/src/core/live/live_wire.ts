import type { Change } from '../../model/change'
import type { PlanStep, RunRequest } from '../../model/plan'
import type { TextUpdate } from '../../model/text'
import { answer, api, once } from '../api/client'
import type { Wire, WireListener } from '../canvas/wire'
import { fromWire, toWire } from './change_form'
import type { FromServer, ToServer } from './message'
import { Socket, type Place, type Surroundings } from './socket'

const modes = { this: 'only', up_to: 'to', from: 'from', all: 'all', changed: 'changed' } as const

/** An open canvas by WebSocket (docs/formats/live.md); runs and plans by HTTP. */
export class LiveWire implements Wire {
  readonly #canvas: string
  readonly #socket: Socket<FromServer>
  readonly #around: Surroundings
  #listener: WireListener | undefined

  constructor(canvas: string, around: Surroundings) {
    this.#canvas = canvas
    this.#around = around
    this.#socket = new Socket(around, {
      message: (message) => this.#receive(message),
      lost: (why) => this.#listener?.lost(why),
    })
  }
  listen(listener: WireListener): () => void {
    this.#listener = listener
    this.#socket.open()
    return () => this.#socket.close()
  }
  resumeFrom(place: Place | undefined): void {
    this.#socket.place = place
  }
  resync(): void {
    this.#socket.place = undefined
    this.#socket.again()
  }
  send(token: string, change: Change): void {
    this.#say({ op: 'change', token, change: toWire(change) })
  }
  sendText(block: string, version: number, updates: readonly TextUpdate[]): void {
    this.#say({ op: 'text', block, version, updates })
  }
  pull(block: string, version: number): void {
    this.#say({ op: 'pull', block, version })
  }
  cursor(block: string | null, anchor: number, head: number): void {
    this.#say({ op: 'cursor', block, anchor, head })
  }
  async run(request: RunRequest): Promise<string> {
    const { run } = await answer(
      api.POST('/canvases/{canvas}/runs', { ...this.#path(), body: asked(request), headers: once() }),
    )
    return run
  }
  async cancel(runs: readonly string[]): Promise<void> {
    const stop = (run: string) =>
      answer(
        api.POST('/canvases/{canvas}/runs/{run}/cancel', {
          params: { path: { canvas: this.#canvas, run } },
          body: {},
        }),
      )
    await Promise.all(runs.map(stop))
  }
  async plan(request: RunRequest): Promise<readonly PlanStep[]> {
    const body = asked(request)
    const { steps } = await answer(api.POST('/canvases/{canvas}/plan', { ...this.#path(), body }))
    return steps
  }

  #path() {
    return { params: { path: { canvas: this.#canvas } } }
  }
  #say(message: ToServer): void {
    this.#socket.send(message)
  }
  #receive(message: FromServer): void {
    const listener = this.#listener!
    switch (message.type) {
      case 'hello':
        return listener.welcome(message)
      case 'texts':
        return listener.texts(message)
      case 'batch': {
        const { batch, operations, ...rest } = message
        listener.deliver({
          ...rest,
          ...(operations && { operations: operations.map((o) => ({ ...o, change: fromWire(o.change) })) }),
        })
        this.#around.afterDrawing(() => this.#say({ op: 'ack', batch }))
      }
    }
  }
}

function asked({ mode, blocks, force }: RunRequest) {
  const some = mode !== 'all' && mode !== 'changed'
  return { mode: modes[mode], force, jobs: 0, ...(some && { blocks: [...blocks] }) }
}
