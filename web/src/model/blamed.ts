/** Where, in a line of code, the last word of an error's message stands that the line has: `KeyError: 'revenu'`. */
export function blamed(line: string, message: string): { from: number; to: number } | undefined {
  const words = [...message.matchAll(/[\p{L}_][\p{L}\p{N}_]+/gu)].map(([word]) => word)
  for (const word of words.reverse())
    for (const found of line.matchAll(/[\p{L}_][\p{L}\p{N}_]*/gu))
      if (found[0] === word) return { from: found.index, to: found.index + word.length }
  return undefined
}
