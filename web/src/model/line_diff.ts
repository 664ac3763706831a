export interface DiffLine {
  readonly kind: 'same' | 'added' | 'removed'
  readonly text: string
}
const mostCells = 4_000_000

/** The lines of `after` with those of `before` that are gone, in order; a longest common subsequence stays. */
export function lineDiff(before: string, after: string): DiffLine[] {
  const [a, b] = [before.split('\n'), after.split('\n')]
  let front = 0
  while (front < a.length && front < b.length && a[front] === b[front]) front++
  let back = 0
  while (
    back < a.length - front &&
    back < b.length - front &&
    a[a.length - 1 - back] === b[b.length - 1 - back]
  )
    back++
  const same = (text: string): DiffLine => ({ kind: 'same', text })
  return [
    ...a.slice(0, front).map(same),
    ...middle(a.slice(front, a.length - back), b.slice(front, b.length - back)),
    ...a.slice(a.length - back).map(same),
  ]
}

function middle(a: readonly string[], b: readonly string[]): DiffLine[] {
  const removed = (text: string): DiffLine => ({ kind: 'removed', text })
  const added = (text: string): DiffLine => ({ kind: 'added', text })
  // Texts of thousands of lines with nothing in common are shown as what they are.
  if (a.length * b.length > mostCells) return [...a.map(removed), ...b.map(added)]
  const width = b.length + 1
  const longest = new Uint32Array((a.length + 1) * width)
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      longest[i * width + j] =
        a[i] === b[j]
          ? longest[(i + 1) * width + j + 1]! + 1
          : Math.max(longest[(i + 1) * width + j]!, longest[i * width + j + 1]!)
  const lines: DiffLine[] = []
  let [i, j] = [0, 0]
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      lines.push({ kind: 'same', text: a[i++]! })
      j++
    } else if (
      j === b.length ||
      (i < a.length && longest[(i + 1) * width + j]! >= longest[i * width + j + 1]!)
    )
      lines.push(removed(a[i++]!))
    else lines.push(added(b[j++]!))
  }
  return lines
}

/** What changed with `around` lines about it; `undefined` where lines are left out. */
export function hunks(lines: readonly DiffLine[], around = 2): (DiffLine | undefined)[] {
  const near = new Set<number>()
  lines.forEach((line, i) => {
    if (line.kind !== 'same') for (let k = i - around; k <= i + around; k++) near.add(k)
  })
  const shown: (DiffLine | undefined)[] = []
  lines.forEach((line, i) => {
    if (near.has(i)) shown.push(line)
    else if (shown.at(-1) !== undefined || shown.length === 0) shown.push(undefined)
  })
  return shown
}
