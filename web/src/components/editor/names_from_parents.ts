import type { Completion, CompletionContext } from '@codemirror/autocomplete'
import { pythonLanguage } from '@codemirror/lang-python'
import type { Extension } from '@codemirror/state'
import type { BlockId } from '../../model/block'
import type { CanvasStore, Variable } from '../../core/canvas/store'

/** Completes the names that the parents' states hold; Python's own words come with the language. */
export function namesFromParents(store: CanvasStore, block: BlockId): Extension {
  // Their variables may have to be fetched: somebody looks at them from now on.
  const stops = store.graph.parents(block).map((parent) => store.onBlock(parent, () => undefined))
  for (const stop of stops) stop()
  return pythonLanguage.data.of({
    autocomplete: (context: CompletionContext) => {
      const word = context.matchBefore(/\w+/)
      if ((!word && !context.explicit) || context.matchBefore(/\.\w*/)) return null
      return { from: word?.from ?? context.pos, options: optionsOf(store, block), validFor: /^\w*$/ }
    },
  })
}

export function optionsOf(store: Pick<CanvasStore, 'graph' | 'variables'>, block: BlockId): Completion[] {
  const options = new Map<string, Completion>()
  for (const parent of store.graph.parents(block))
    for (const variable of store.variables(parent))
      if (variable.carried)
        options.set(variable.name, {
          label: variable.name,
          type: kinds[variable.type] ?? 'variable',
          detail: detailOf(variable),
          boost: 20,
        })
  return [...options.values()]
}

const kinds: Record<string, string> = { function: 'function', type: 'class', module: 'namespace' }

/** All of it in the list: a box beside it would not fit into the block. */
function detailOf({ type, shape, origin }: Variable): string {
  const short = type.split('.').at(-1)!
  return `${short}${shape.length > 0 ? ` ${shape.join(' × ')}` : ''}, ${origin}`
}
