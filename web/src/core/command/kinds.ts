import type { Kind } from '../../model/block'

/** What can be added, and its key. SQL and R keep 2 and 3 for when the engine runs them. */
export const addable = [
  ['python', '1'],
  ['markdown', '4'],
] as const satisfies readonly (readonly [Kind, string])[]

export const kindWords: Record<Kind, string> = {
  python: 'Python',
  sql: 'SQL',
  r: 'R',
  markdown: 'Note',
  gather: 'Gather',
}
