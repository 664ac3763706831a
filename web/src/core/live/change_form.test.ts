import fc from 'fast-check'
import { expect, test } from 'vitest'
import { apply } from '../../model/change'
import { anyChange, sampleGraph, snapshot } from '../../model/sample'
import { fromWire, toWire } from './change_form'

test('a change comes back from the wire as what it was', () => {
  fc.assert(
    fc.property(anyChange, (change) => {
      const sent = JSON.parse(JSON.stringify(toWire(change)))
      const [here, there] = [sampleGraph('a b c d', 'a>b b>c'), sampleGraph('a b c d', 'a>b b>c')]
      expect(apply(there, fromWire(sent)).ok).toBe(apply(here, change).ok)
      expect(snapshot(there)).toEqual(snapshot(here))
    }),
  )
})

test('the last place among parents is no number in JSON', () => {
  const paste = { op: 'paste' as const, blocks: [], edges: [{ parent: 'a', child: 'b', index: Infinity }] }
  expect(JSON.stringify(toWire(paste))).not.toContain('index')
  expect(fromWire(toWire(paste))).toEqual(paste)
})
