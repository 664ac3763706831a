/** One of the three chart colours for a person: the same on every page. */
export function colourOf(user: string): 'c1' | 'c2' | 'c3' {
  let sum = 0
  for (const letter of user) sum = (sum * 31 + letter.codePointAt(0)!) >>> 0
  return (['c1', 'c2', 'c3'] as const)[sum % 3]!
}
