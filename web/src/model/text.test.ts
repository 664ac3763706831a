import { ChangeSet, Text } from '@codemirror/state'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { changedText, changesBetween } from './text'

const word = fc.string({ unit: fc.constantFrom('a', 'b', '\n', 'é', '😀'), maxLength: 12 })

test('any two texts lead to each other, in the form and to the end that CodeMirror has', () => {
  fc.assert(
    fc.property(word, word, (before, after) => {
      const changes = changesBetween(before, after)
      expect(changedText(before, changes)).toBe(after)
      const set = ChangeSet.fromJSON(changes)
      expect(set.apply(Text.of(before.split('\n'))).toString()).toBe(after)
    }),
  )
})

test('what CodeMirror writes is read alike', () => {
  const edits = fc.array(fc.tuple(fc.nat(30), fc.nat(4), word), { maxLength: 4 })
  fc.assert(
    fc.property(word, edits, (before, made) => {
      const text = Text.of(before.split('\n'))
      const specs = made.map(([from, n, insert]) => {
        const start = Math.min(from, text.length)
        return { from: start, to: Math.min(start + n, text.length), insert }
      })
      const set = specs.reduce(
        (all, spec) => all.compose(ChangeSet.of(spec, text.length).map(all, true)),
        ChangeSet.empty(text.length),
      )
      expect(changedText(before, set.toJSON())).toBe(set.apply(text).toString())
    }),
  )
})

test('changes made for another length are refused', () => {
  expect(changedText('abc', [2, [0, 'x']])).toBeUndefined()
  expect(changedText('abc', [4])).toBeUndefined()
})
