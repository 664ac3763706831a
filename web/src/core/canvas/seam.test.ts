import fc from 'fast-check'
import { expect, test } from 'vitest'
import { follow, neverRun } from '../run/live'
import type { RunEvent } from '../run/event'
import { behind, type Fetched } from './seam'

type Piece = { stream: 'stdout' | 'stderr'; text: string } | { figure: string }
const shown = (events: readonly RunEvent[]) =>
  events.reduce((live, event) => follow(live, event, 0), neverRun).outputs

/** Everything an attempt shows, with the place of each. */
function placed(pieces: readonly Piece[]) {
  const ends = { stdout: 0, stderr: 0, frames: 0 }
  const events = pieces.map((piece): RunEvent => {
    if ('figure' in piece)
      return { event: 'block.display', block: 'b', data: { 'text/plain': piece.figure }, end: ++ends.frames }
    ends[piece.stream] += piece.text.length
    return { event: 'block.output', block: 'b', ...piece, end: ends[piece.stream] }
  })
  return { events, ends }
}

test('one line again and again comes together without a gap and without doubles, however it is cut', () => {
  const piece = fc.oneof(
    fc.constantFrom<Piece>({ stream: 'stdout', text: 'same\n' }, { stream: 'stderr', text: 'same\n' }),
    fc.constant<Piece>({ figure: 'same' }),
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), fc.nat(12), fc.nat(12), fc.nat(4), (all, a, b, cut) => {
      const [from, to] = [Math.min(a, b, all.length), Math.min(Math.max(a, b), all.length)]
      // Fetched: up to `to`, and the beginning of what follows if that is text. Heard: everything after `from`.
      const next = all[to]
      const half = next && 'text' in next ? [{ ...next, text: next.text.slice(0, cut) }] : []
      const fetched = placed([...all.slice(0, to), ...half])
      const meanwhile = placed(all).events.slice(from)
      expect(shown([...fetched.events, ...behind(fetched, meanwhile)])).toEqual(shown(placed(all).events))
    }),
  )
})
test('text of which only the end was told, and an emoji on the seam', () => {
  const fetched: Fetched = { events: [], ends: { stdout: 10, stderr: 0, frames: 0 } }
  const heard = (text: string, end: number): RunEvent => ({
    event: 'block.output',
    block: 'b',
    stream: 'stdout',
    text,
    end,
  })
  expect(behind(fetched, [heard('kept\n', 30)])).toEqual([heard('kept\n', 30)])
  expect(behind(fetched, [heard('ab😀', 12)])).toEqual([heard('😀', 12)])
  expect(behind(fetched, [heard('ab', 10)])).toEqual([])
})
test('a failure that Python could not report is there once', () => {
  const died: RunEvent = {
    event: 'block.error',
    block: 'b',
    ename: 'Crash',
    evalue: 'it crashed',
    traceback: '',
    line: null,
    kind: 'crash',
  }
  const ends = { stdout: 0, stderr: 0, frames: 1 }
  expect(behind({ events: [died], ends }, [died])).toEqual([])
  expect(behind({ events: [], ends }, [died])).toEqual([died])
})
