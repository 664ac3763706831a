/** Changes of a text as `ChangeSet.toJSON()` of CodeMirror has them: n keeps n UTF-16 units, [n, ...lines] replaces n by lines. */
export type TextChanges = readonly (number | readonly [number, ...string[]])[]
export interface TextUpdate {
  /** The page that made it. */
  readonly client: string
  readonly changes: TextChanges
}

/** The text after changes, or undefined if they were not made for a text of this length. */
export function changedText(text: string, changes: TextChanges): string | undefined {
  const pieces: string[] = []
  let at = 0
  for (const part of changes) {
    if (typeof part === 'number') {
      pieces.push(text.slice(at, at + part))
      at += part
    } else {
      const [gone, ...lines] = part
      pieces.push(lines.join('\n'))
      at += gone
    }
  }
  return at === text.length ? pieces.join('') : undefined
}

/** The one change that makes `after` of `before`, as short as a common beginning and end allow. */
export function changesBetween(before: string, after: string): TextChanges {
  const most = Math.min(before.length, after.length)
  let front = 0
  while (front < most && before[front] === after[front]) front++
  let back = 0
  while (back < most - front && before[before.length - 1 - back] === after[after.length - 1 - back]) back++
  const added = after.slice(front, after.length - back)
  const gone = before.length - front - back
  if (gone === 0 && added === '') return before.length > 0 ? [before.length] : []
  const middle: [number, ...string[]] = added === '' ? [gone] : [gone, ...added.split('\n')]
  return [...(front > 0 ? [front] : []), middle, ...(back > 0 ? [back] : [])]
}
