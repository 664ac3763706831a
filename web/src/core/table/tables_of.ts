import type { Block } from '../../model/block'
import type { Variable } from '../canvas/store'

/**
 * The names that a shown data frame may be all rows of. An output does not say which it is: it is the one that the last line
 * begins with (`orders.head()`), or else one of those that the block made, or that it has.
 */
export function tablesOf({ code, name }: Block, variables: readonly Variable[]): readonly string[] {
  const tables = variables.filter((variable) => variable.table)
  const last = code
    .split('\n')
    .filter((line) => /^[^\s#]/.test(line))
    .at(-1)
  const shown = /^([A-Za-z_]\w*)\s*(?![\w\s]*=[^=])/.exec(last ?? '')?.[1]
  const meant = tables.find((variable) => variable.name === shown)
  if (meant) return [meant.name]
  const own = tables.filter((variable) => variable.origin === name)
  return (own.length > 0 ? own : tables).map((variable) => variable.name)
}
