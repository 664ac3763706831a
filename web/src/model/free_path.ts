/** `rows.csv` -> `rows-2.csv`, or the first number that none of `taken` has; folders stay, and so does the ending. */
export function freePath(path: string, taken: ReadonlySet<string>): string {
  const slash = path.lastIndexOf('/') + 1
  const dot = path.indexOf('.', slash + 1)
  const [stem, ending] = dot < 0 ? [path, ''] : [path.slice(0, dot), path.slice(dot)]
  for (let n = 2; ; n++) {
    const free = `${stem}-${n}${ending}`
    if (!taken.has(free)) return free
  }
}
