import { useEffect } from 'react'
import { commands } from '../../core/command/commands'
import { refused, type Desk } from '../../core/command/command'
import { leaveCards } from '../../core/command/regions'
import { Keymap, stageOnly } from '../../core/command/keymap'
import { page, say, selectBlocks, setPage } from '../../core/session/page'
import { preferences } from '../../core/session/preferences'
import { select } from '../../model/selection'

/** A letter, digit or sign alone: what may be turned off, because speech and some tools send them. */
const single = (event: KeyboardEvent) =>
  event.key.length === 1 && event.key !== ' ' && !(event.ctrlKey || event.metaKey || event.altKey)

/** Keys of the whole page. In text fields and dialogs only those with Ctrl that are not the text's own. */
export function useKeys(desk: Desk): void {
  useEffect(() => {
    const map = new Keymap(commands)
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || page().dialog) return
      const target = event.target as HTMLElement
      const typing = target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)
      const running =
        event.key === 'Enter' && (event.shiftKey || event.ctrlKey || event.metaKey || event.altKey)
      if (typing && stageOnly(event) && !running) return
      if (event.key === 'Escape') {
        if (page().plan) setPage({ plan: undefined })
        else if (page().editing === undefined) {
          selectBlocks(select([]))
          // A ring around a card that no key acts on would look like a selection.
          if (target.closest('.stage-area .card')) leaveCards()
        } else setPage({ editing: undefined })
        return
      }
      // A focused control has Enter and Space to itself.
      const control = target.closest('button, a, summary, [role=tab], [role^=menu]')
      if (control && (event.key === 'Enter' || event.key === ' ') && !running) return
      if (!preferences().singleKeys && single(event)) return
      const command = map.press(event, event.timeStamp)
      if (!command) return
      event.preventDefault()
      if (command === 'wait') return
      const why = refused(command, desk)
      if (why === undefined) command.run(desk)
      else say(`${command.title}: ${why}`)
    }
    addEventListener('keydown', onKey)
    return () => removeEventListener('keydown', onKey)
  }, [desk])
}
