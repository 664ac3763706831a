import type { BlockId } from '../../model/block'
import { select } from '../../model/selection'
import type { Desk } from '../../core/command/command'
import { commandNamed } from '../../core/command/commands'
import { page, selectBlocks, setPage } from '../../core/session/page'
import { atLeast, whyNot } from '../../core/session/role'

/** Do what a command does, to this block: to all that are selected if it is among them. */
export function act(desk: Desk, block: BlockId, command: string): void {
  if (!page().selection.ids.has(block)) selectBlocks(select([block]))
  commandNamed(command).run(desk)
}

/** Open a menu of commands on a block beside what asked for it. */
export function askMenu(
  desk: Desk,
  block: BlockId,
  label: string,
  from: Element,
  commands: readonly string[],
): void {
  // What a person may not do here is left out, unless nothing would be left.
  const may = commands.filter((id) => {
    const { needs } = commandNamed(id)
    return !needs || atLeast(desk.store.role, needs)
  })
  const items = (may.length > 0 ? may : commands).map((id) => {
    const { title, keys, needs } = commandNamed(id)
    const why = needs && whyNot(desk.store.role, needs)
    return {
      title,
      ...(keys[0] !== undefined && { keys: keys[0] }),
      ...(why !== undefined && { why }),
      onSelect: () => act(desk, block, id),
    }
  })
  setPage({ menu: { label, from, items } })
}
