import { answer, api } from '../api/client'
import type { Surroundings } from './socket'

/** A page's own surroundings; `gone` hears why a canvas cannot be had, if waiting does not help. */
export function browserSurroundings(canvas: string, gone: (problem: unknown) => void): Surroundings {
  return {
    connect(place) {
      const url = new URL(`/api/v1/canvases/${encodeURIComponent(canvas)}/live`, location.href)
      url.protocol = url.protocol.replace('http', 'ws')
      if (place) {
        url.searchParams.set('epoch', place.epoch)
        url.searchParams.set('after', String(place.seq))
      }
      return new WebSocket(url)
    },
    later(ms, work) {
      const timer = setTimeout(work, ms)
      return () => clearTimeout(timer)
    },
    random: Math.random,
    afterDrawing(work) {
      // A page in the background draws nothing; it takes in what comes all the same.
      let done = false
      const once = () => {
        if (!done) work()
        done = true
      }
      requestAnimationFrame(() => setTimeout(once))
      setTimeout(once, document.hidden ? 0 : 500)
    },
    whenBetter(work) {
      const looked = () => !document.hidden && work()
      addEventListener('online', work)
      document.addEventListener('visibilitychange', looked)
      return () => {
        removeEventListener('online', work)
        document.removeEventListener('visibilitychange', looked)
      }
    },
    failed() {
      // A refused upgrade does not tell a page why; the same question by HTTP does.
      answer(api.GET('/canvases/{canvas}', { params: { path: { canvas } } })).catch((problem) => {
        if (problem.status >= 400 && problem.status < 500 && problem.status !== 429) gone(problem)
      })
    },
  }
}
