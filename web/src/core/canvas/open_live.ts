import { Graph } from '../../model/graph'
import { answer, api } from '../api/client'
import { browserSurroundings } from '../live/browser'
import { LiveWire } from '../live/live_wire'
import type { RunEvent } from '../run/event'
import type { DetailSource } from './details'
import { OpenCanvas } from './open_canvas'
import type { CanvasStore } from './store'

const nothing = { stdout: 0, stderr: 0, frames: 0 }

function sourceOf(canvas: string): DetailSource {
  const at = (block: string) => ({ path: { canvas, block } })
  return {
    async outputs(block, attempt) {
      const params = { ...at(block), query: { attempt } }
      const found = await answer(api.GET('/canvases/{canvas}/blocks/{block}/outputs', { params }))
      return { events: found.events as unknown as readonly RunEvent[], ends: { ...nothing, ...found.ends } }
    },
    async log(block, { from, limit, search }) {
      const query = { from, limit, ...(search && { search }) }
      return answer(api.GET('/canvases/{canvas}/blocks/{block}/log', { params: { ...at(block), query } }))
    },
    async variables(block) {
      const found = await answer(api.GET('/canvases/{canvas}/blocks/{block}/state', { params: at(block) }))
      return found.variables.map((variable) => ({
        ...variable,
        ...(variable.not_carried?.reason !== undefined && { reason: variable.not_carried.reason }),
      }))
    },
  }
}

/** Open a canvas of the server; `ready` once it is there, `gone` if it cannot be had. Returns how to leave it. */
export function openLive(
  canvas: string,
  ready: (store: CanvasStore) => void,
  gone: (problem: unknown) => void,
): () => void {
  const wire = new LiveWire(
    canvas,
    browserSurroundings(canvas, (problem) => {
      store.leave()
      gone(problem)
    }),
  )
  const empty = { graph: new Graph(), live: new Map(), variables: new Map() }
  const store = new OpenCanvas({ id: canvas, name: canvas, ...empty, source: sourceOf(canvas) }, wire)
  const stop = store.onChange(() => {
    if (store.connection !== 'open') return
    stop()
    ready(store)
  })
  return () => {
    stop()
    store.leave()
  }
}
