import type { BlockId } from '../../model/block'
import { say } from '../session/page'
import { atLeast, type Role } from '../session/role'
import type { Texts } from './texts'

/** Who may not edit any more has the server's texts again, and is handed what was typed last; returns the blocks. */
export function giveUpTyping(texts: Texts, role: Role): readonly BlockId[] {
  if (atLeast(role, 'editor')) return []
  const typed = texts.giveUp()
  if (typed.size === 0) return []
  const all = [...typed.values()].join('\n\n')
  say('You may no longer edit here. What you typed last was not saved.', {
    label: 'Copy it',
    run: () => void navigator.clipboard.writeText(all).then(() => say('Copied.')),
  })
  return [...typed.keys()]
}
