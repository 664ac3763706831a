import type { BlockId } from './block'
import type { Graph } from './graph'

/** Why a change was not made. Nothing of it was. */
export type Refusal =
  | { readonly reason: 'BLOCK_CYCLE'; readonly path: readonly BlockId[] }
  | { readonly reason: 'NO_SUCH_BLOCK' | 'EDGE_MARKDOWN'; readonly id: BlockId }
  | { readonly reason: 'NO_SUCH_EDGE' | 'EDGE_EXISTS'; readonly parent: BlockId; readonly child: BlockId }
  | { readonly reason: 'BLOCK_EXISTS'; readonly id: BlockId }
  | { readonly reason: 'NAME_TAKEN'; readonly name: string }
  | { readonly reason: 'NAME_INVALID' | 'ROLE'; readonly message: string }

/** Say a refusal to the person who asked for the change. */
export function refusalText(refusal: Refusal, graph: Graph): string {
  const name = (id: BlockId) => graph.block(id)?.name ?? id
  switch (refusal.reason) {
    case 'BLOCK_CYCLE':
      return refusal.path.length === 1
        ? `\`${name(refusal.path[0]!)}\` cannot be its own parent.`
        : `That would be a cycle: ${[...refusal.path, refusal.path[0]!].map(name).join(' → ')}.`
    case 'NO_SUCH_BLOCK':
      return 'That block is no longer there.'
    case 'EDGE_MARKDOWN':
      return `\`${name(refusal.id)}\` is a note: it has no state, so it can have no edges.`
    case 'NO_SUCH_EDGE':
      return `There is no edge from ${name(refusal.parent)} to ${name(refusal.child)}.`
    case 'EDGE_EXISTS':
      return `${name(refusal.parent)} is a parent of ${name(refusal.child)} already.`
    case 'BLOCK_EXISTS':
      return 'That block is there already.'
    case 'NAME_TAKEN':
      return `Another block is called \`${refusal.name}\`.`
    case 'NAME_INVALID':
    case 'ROLE':
      return refusal.message
  }
}
