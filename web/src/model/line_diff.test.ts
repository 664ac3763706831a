import fc from 'fast-check'
import { expect, test } from 'vitest'
import { hunks, lineDiff } from './line_diff'

const text = fc.array(fc.constantFrom('a', 'b', 'c', ''), { maxLength: 12 }).map((lines) => lines.join('\n'))
const side = (before: string, after: string, gone: 'added' | 'removed') =>
  lineDiff(before, after)
    .filter((line) => line.kind !== gone)
    .map((line) => line.text)
    .join('\n')

test('without what was added it is the text before, without what was removed the text after', () => {
  fc.assert(
    fc.property(text, text, (before, after) => {
      expect(side(before, after, 'added')).toBe(before)
      expect(side(before, after, 'removed')).toBe(after)
    }),
  )
})

test('one changed line in a long text is shown with what is about it', () => {
  const lines = Array.from({ length: 40 }, (_, i) => `line ${i}`)
  const after = lines.with(20, 'another')
  const shown = hunks(lineDiff(lines.join('\n'), after.join('\n')))
  expect(shown.map((line) => line && `${line.kind[0]} ${line.text}`)).toEqual([
    undefined,
    's line 18',
    's line 19',
    'r line 20',
    'a another',
    's line 21',
    's line 22',
    undefined,
  ])
})
