import fc from 'fast-check'
import { expect, test } from 'vitest'
import { apply } from '../../model/change'
import { anyChange, sampleGraph, snapshot } from '../../model/sample'
import { SharedGraph } from './shared_graph'
import type { Operation } from './wire'

const start = () => sampleGraph('a b c d e f', 'a>b b>c a>c c>d e>d')

test('pages that change one canvas at once end alike, whatever the delays', () => {
  const step = fc.tuple(fc.nat(2), fc.option(anyChange, { freq: 2 }))
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const server = start()
      const log: Operation[] = []
      const pages = [0, 1, 2].map(() => ({
        shared: new SharedGraph(start()),
        outbox: [] as Operation[],
        refused: [] as string[],
      }))
      let tokens = 0
      // The server takes one operation of a page, or refuses it.
      const serve = (page: (typeof pages)[number]) => {
        const next = page.outbox.shift()
        if (!next) return
        if (apply(server, next.change).ok) log.push({ ...next, seq: log.length + 1 })
        else page.refused.push(next.token)
      }
      const deliver = ({ shared, refused }: (typeof pages)[number]) =>
        shared.accept(log.slice(shared.seq), refused.splice(0))
      for (const [who, change] of steps) {
        const page = pages[who]!
        if (change) {
          const token = `t${++tokens}`
          if (page.shared.propose(token, change).ok) page.outbox.push({ seq: 0, token, change })
        } else {
          serve(page)
          deliver(page)
        }
      }
      for (const page of pages) while (page.outbox.length > 0) serve(page)
      for (const page of pages) {
        deliver(page)
        expect(page.shared.pendingCount).toBe(0)
        expect(snapshot(page.shared.graph)).toEqual(snapshot(server))
      }
    }),
    { numRuns: 300 },
  )
})
