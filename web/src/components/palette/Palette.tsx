import { useMemo } from 'react'
import { select } from '../../model/selection'
import { refused } from '../../core/command/command'
import { commands } from '../../core/command/commands'
import { selectBlocks, setPage } from '../../core/session/page'
import { useDesk } from '../canvas/useStore'
import { PickList, type Entry } from './PickList'

const close = () => setPage({ dialog: undefined })

/** Finds commands, blocks and variables; a command that cannot be done now says why. */
export default function Palette() {
  const desk = useDesk()
  const entries = useMemo(() => {
    const all: Entry[] = commands.map((c) => ({
      id: c.id,
      title: c.title,
      ...(c.also !== undefined && { also: c.also }),
      hint: c.keys[0] ?? '',
      why: refused(c, desk),
      act: () => c.run(desk),
    }))
    const { store, camera } = desk
    // What can be done now comes first.
    all.sort((a, b) => Number(a.why !== undefined) - Number(b.why !== undefined))
    for (const block of store.graph.blocks()) {
      const act = () => {
        selectBlocks(select([block.id]))
        camera.focus(block.id)
      }
      all.push({ id: `block ${block.id}`, title: block.name, hint: block.kind, why: undefined, act })
      for (const variable of store.variables(block.id))
        if (variable.origin === block.name && variable.carried)
          all.push({
            id: `variable ${block.id} ${variable.name}`,
            title: variable.name,
            hint: `in ${block.name}`,
            why: undefined,
            act,
          })
    }
    return all
  }, [desk])
  return <PickList label="Search or run a command" entries={entries} onClose={close} />
}
