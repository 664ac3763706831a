interface Named {
  readonly title: string
  /** Other words that find it. */
  readonly also?: string
}

/** What has all of the words, the nearest first: of that name, beginning so, with a word that begins so. Equals keep their order. */
export function found<T extends Named>(entries: readonly T[], words: string): T[] {
  const asked = words.toLowerCase().trim()
  const parts = asked.split(/\s+/)
  const far = ({ title }: T) => {
    const name = title.toLowerCase()
    if (name === asked) return 0
    if (name.startsWith(asked)) return 1
    return name.split(/[\s_-]+/).some((word) => word.startsWith(parts[0]!)) ? 2 : 3
  }
  return entries
    .filter(({ title, also = '' }) => parts.every((part) => `${title} ${also}`.toLowerCase().includes(part)))
    .map((entry) => ({ entry, far: far(entry) }))
    .sort((a, b) => a.far - b.far)
    .map(({ entry }) => entry)
}
