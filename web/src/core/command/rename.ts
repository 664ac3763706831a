import { nameLike, type BlockId } from '../../model/block'
import { refusalText } from '../../model/refusal'
import { freeName } from '../canvas/store'
import { page, say, setPage } from '../session/page'
import { focus, needsBlock } from './chosen'
import type { Command, Desk } from './command'

/** Give a block a name; one that it cannot have is answered with the nearest that it can. Returns whether it has it. */
export function rename({ store }: Pick<Desk, 'store'>, id: BlockId, name: string): boolean {
  if (store.graph.block(id)?.name === name) return true
  const refusal = store.change({ op: 'rename', id, name })
  if (!refusal) return true
  const text = refusalText(refusal, store.graph)
  const like = refusal.reason === 'NAME_INVALID' || refusal.reason === 'NAME_TAKEN' ? nameLike(name) : ''
  if (like === '') say(text)
  else {
    const free = freeName(store.graph, like)
    say(text, { label: `Call it ${free}`, run: () => rename({ store }, id, free) })
  }
  return false
}

export const renameCommand: Command = {
  id: 'rename',
  title: 'Rename the block',
  keys: ['F2'],
  needs: 'editor',
  why: needsBlock,
  run: ({ camera }) => {
    camera.focus(focus()!)
    const begin = () => setPage({ renaming: focus() })
    // A menu that closes gives the focus back to what asked for it, and would take it from the field.
    const { menu } = page()
    if (menu) menu.from.addEventListener('focus', begin, { once: true })
    else begin()
  },
}
