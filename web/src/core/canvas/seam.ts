import type { RunEvent } from '../run/event'

type Shown = Extract<RunEvent, { event: 'block.output' | 'block.display' | 'block.error' }>
const isShown = (event: RunEvent): event is Shown => /^block\.(output|display|error)$/.test(event.event)

/**
 * The events that came while others were fetched, less what the fetched ones end with. The two may cut text differently;
 * what is the same is the sequence of characters of each stream, and of whatever is shown between them.
 */
export function withoutOverlap(
  fetched: readonly RunEvent[],
  meanwhile: readonly RunEvent[],
): readonly RunEvent[] {
  const later = meanwhile.filter(isShown)
  const told = later.map(lettersOf)
  let n = overlap(fetched.filter(isShown).map(lettersOf).join(''), told.join(''))
  return later.flatMap((event, i) => {
    const letters = told[i]!
    if (n >= letters.length) {
      n -= letters.length
      return []
    }
    const rest = letters.slice(n)
    n = 0
    return [event.event === 'block.output' ? { ...event, text: textOf(event, rest) } : event]
  })
}

/** One letter for each unit of text, two for one of stderr; a display or an error is one word. What marks them is for private use. */
function lettersOf(event: Shown): string {
  switch (event.event) {
    case 'block.output':
      return event.stream === 'stderr' ? event.text.replaceAll(/[^]/g, '\ue001$&') : event.text
    case 'block.display':
      return `\ue002${JSON.stringify([event.data, event.id ?? null, event.update ?? false])}`
    case 'block.error':
      return `\ue003${JSON.stringify([event.ename, event.evalue, event.line])}`
  }
}
const textOf = ({ stream }: { stream: string }, letters: string) =>
  stream === 'stderr' ? letters.replaceAll(/\ue001([^])/g, '$1') : letters

/** The length of the longest end of `a` that `b` begins with, in time that grows with `b` only. */
function overlap(a: string, b: string): number {
  const end = a.slice(-b.length)
  const all = `${b}\u0000${b.length > 0 ? end : ''}`
  const borders = new Uint32Array(all.length)
  for (let i = 1, k = 0; i < all.length; i++) {
    while (k > 0 && all[i] !== all[k]) k = borders[k - 1]!
    if (all[i] === all[k]) k++
    borders[i] = k
  }
  return Math.min(b.length, borders.at(-1) ?? 0)
}
