import { expect, test } from 'vitest'
import { partsOf, traceOf } from './traceback'

const text = `Traceback (most recent call last):
  block \`summary\`, line 3
    .agg(birds=("species", "size"))
     ^^^^
  /env/lib/python3.11/site-packages/pandas/core/frame.py, line 12, in agg
    return self
  … 6 frames in pandas
KeyError: 'mass'`

test('own places are open, those of libraries are not', () => {
  const { frames, rest } = traceOf(text)
  expect(frames.map((f) => [f.block, f.line, f.library])).toEqual([
    ['summary', 3, false],
    [undefined, 12, true],
    [undefined, undefined, true],
  ])
  expect(frames[0]!.code).toBe('.agg(birds=("species", "size"))\n ^^^^')
  expect(rest).toBe("KeyError: 'mass'")
})
test('what is no traceback stays text', () => {
  expect(traceOf('boom\n  at x')).toEqual({ frames: [], rest: 'boom\n  at x' })
})

test('frames of libraries that follow each other are one line', () => {
  const compiled = text.replace('KeyError', '  pandas/_libs/index.pyx, line 172, in get_loc\nKeyError')
  const parts = partsOf(traceOf(compiled).frames)
  expect(parts.map(({ library, frames, title }) => [library, frames.length, title])).toEqual([
    [false, 1, ''],
    [true, 3, '8 frames in pandas'],
  ])
})
