import { useEffect } from 'react'
import type { Desk } from '../../core/command/command'
import { chosen } from '../../core/command/chosen'
import { copied, pasted } from '../../core/command/clipboard'
import { attempt } from '../../core/command/edit'
import { page, say, selectBlocks } from '../../core/session/page'
import { select } from '../../model/selection'

const type = 'web application/x-easel-blocks+json'
const elsewhere = (target: EventTarget | null) =>
  page().dialog !== undefined ||
  (target instanceof HTMLElement &&
    (target.isContentEditable || /^(INPUT|TEXTAREA)$/.test(target.tagName))) ||
  !(getSelection()?.isCollapsed ?? true)

/** Blocks go by the system's clipboard, so that they can go to another canvas, or to a file as text. */
export function useClipboard(desk: Desk): void {
  useEffect(() => {
    const { store, camera } = desk
    const copy = (event: ClipboardEvent) => {
      if (elsewhere(event.target) || chosen().length === 0) return
      const text = copied(store.graph, chosen())
      event.clipboardData?.setData(type, text)
      event.clipboardData?.setData('text/plain', text)
      event.preventDefault()
      if (event.type === 'cut') attempt(desk, { op: 'delete', ids: chosen() })
      else say(chosen().length === 1 ? 'Copied a block.' : `Copied ${chosen().length} blocks.`)
    }
    const paste = (event: ClipboardEvent) => {
      if (elsewhere(event.target)) return
      const text = event.clipboardData?.getData(type) || event.clipboardData?.getData('text/plain') || ''
      const focused = page().selection.focus
      const near = focused === undefined ? undefined : store.graph.block(focused)?.at
      const at = near ? { x: near.x + 40, y: near.y + 40 } : camera.middle()
      const change = pasted(store.graph, text, at)
      event.preventDefault()
      if (!change) return say('The clipboard holds no blocks.')
      if (attempt(desk, change)) selectBlocks(select(change.blocks.map((block) => block.id)))
    }
    addEventListener('copy', copy)
    addEventListener('cut', copy)
    addEventListener('paste', paste)
    return () => {
      removeEventListener('copy', copy)
      removeEventListener('cut', copy)
      removeEventListener('paste', paste)
    }
  }, [desk])
}
