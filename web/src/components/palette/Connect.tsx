import { useMemo, useState } from 'react'
import { attempt } from '../../core/command/edit'
import { page, setPage } from '../../core/session/page'
import { useDesk } from '../canvas/useStore'
import { PickList, type Entry } from './PickList'

const close = () => setPage({ dialog: undefined })

/** Connect the focused block to a child by its name; a block that cannot be one says why. */
export default function Connect() {
  const desk = useDesk()
  const [from] = useState(() => page().selection.focus!)
  const { graph } = desk.store
  const entries = useMemo(() => {
    const all: Entry[] = []
    for (const block of graph.blocks()) {
      if (block.id === from || block.kind === 'markdown') continue
      const edge = { parent: from, child: block.id }
      const there = graph.hasEdge(edge)
      all.push({
        id: block.id,
        title: block.name,
        hint: there ? 'disconnect' : 'connect',
        why: !there && graph.path(block.id, from) ? 'It is above: that would be a cycle.' : undefined,
        act: () => attempt(desk, { op: there ? 'disconnect' : 'connect', edge }),
      })
    }
    return all
  }, [desk, from, graph])
  const name = graph.block(from)?.name ?? ''
  return <PickList label={`Connect ${name} to`} entries={entries} onClose={close} />
}
