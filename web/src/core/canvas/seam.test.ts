import fc from 'fast-check'
import { expect, test } from 'vitest'
import { follow, neverRun } from '../run/live'
import type { RunEvent } from '../run/event'
import { withoutOverlap } from './seam'

const out = (text: string, stream: 'stdout' | 'stderr' = 'stdout'): RunEvent => ({
  event: 'block.output',
  block: 'b',
  stream,
  text,
})
const figure = (n: number): RunEvent => ({
  event: 'block.display',
  block: 'b',
  data: { 'text/plain': `${n}` },
})
const ended: RunEvent = {
  event: 'block.finished',
  block: 'b',
  status: 'succeeded',
  reason: '',
  phases_ms: {},
}
const shown = (events: readonly RunEvent[]) =>
  events.reduce((live, event) => follow(live, event, 0), neverRun).outputs

test('what was fetched after it was heard is there once, also when the block has ended by then', () => {
  const fetched = [out('2 kept\n'), ended]
  expect(withoutOverlap(fetched, [out('2 kept\n')])).toEqual([])
  expect(withoutOverlap(fetched, [out('kept\n'), out('more\n')])).toEqual([out('more\n')])
})
test('text that is cut differently, two streams and figures come together without a gap and without doubles', () => {
  const piece = fc.oneof(
    fc.integer({ min: 0, max: 9999 }).map((n) => out(`line ${n}\n`)),
    fc.integer({ min: 0, max: 9999 }).map((n) => out(`warned ${n}\n`, 'stderr')),
    fc.nat(9999).map(figure),
  )
  const pieces = fc.uniqueArray(piece, { maxLength: 12, selector: (event) => JSON.stringify(event) })
  fc.assert(
    fc.property(pieces, fc.nat(12), fc.nat(12), fc.nat(6), (all, a, b, cut) => {
      const [from, to] = [Math.min(a, b, all.length), Math.min(Math.max(a, b), all.length)]
      // Fetched: up to `to`, and the beginning of what follows if that is text. Heard: everything after `from`.
      const next = all[to]
      const half = next?.event === 'block.output' ? [{ ...next, text: next.text.slice(0, cut) }] : []
      const fetched = [...all.slice(0, to), ...half]
      expect(shown([...fetched, ...withoutOverlap(fetched, all.slice(from))])).toEqual(shown(all))
    }),
  )
})
test('without anything in common all of it stays', () => {
  expect(withoutOverlap([out('a')], [out('b'), figure(1)])).toEqual([out('b'), figure(1)])
  expect(withoutOverlap([], [out('b')])).toEqual([out('b')])
  expect(withoutOverlap([out('a')], [])).toEqual([])
})
