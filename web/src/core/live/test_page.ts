import { Graph } from '../../model/graph'
import { OpenCanvas } from '../canvas/open_canvas'
import { SharedText } from '../text/shared_text'
import { FakeSurroundings, type FakeServer } from './fake_server'
import { LiveWire } from './live_wire'

const empty = { id: 'c', name: 'c', live: new Map(), variables: new Map() }

/** For tests: a page on a `FakeServer`. */
export class TestPage {
  readonly around: FakeSurroundings
  readonly store: OpenCanvas
  /** What the server had of block `a` when a run was asked for. */
  readonly asked: (string | undefined)[] = []
  readonly #name: string

  constructor(server: FakeServer, name: string) {
    this.#name = name
    this.around = new FakeSurroundings(server)
    const wire = new LiveWire('c', this.around)
    wire.run = () => Promise.resolve(String(this.asked.push(server.texts.get('a')?.code)))
    this.store = new OpenCanvas({ ...empty, graph: new Graph() }, wire)
  }
  type(id: string, at: number, text: string): void {
    const { store } = this
    const made = store.editText(
      id,
      (version, code) => new SharedText(version, code, () => store.typed(id), this.#name),
    )
    if (!made) return
    const length = made.code.length
    const from = Math.min(at, length)
    made.replace([...(from > 0 ? [from] : []), [0, text], ...(length > from ? [length - from] : [])])
  }
  /** One message each way; true if there was one. */
  move(): boolean {
    const { connection } = this.around
    const moved = [connection?.up(), connection?.down()].some(Boolean)
    this.around.draw()
    return moved
  }
}

/** Let everything arrive. */
export function settle(pages: readonly TestPage[]): void {
  for (let rounds = 0; rounds < 10_000; rounds++) {
    const lost = pages.filter((page) => page.store.connection === 'lost')
    if (!pages.some((page) => page.move()) && lost.length === 0) return
    if (lost.length > 0 && !lost.some((page) => page.move())) for (const page of lost) page.around.wait()
  }
  throw new Error('they never come to rest')
}
