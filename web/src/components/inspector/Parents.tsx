import { ArrowDown, ArrowUp, GripVertical, X } from 'lucide-react'
import { useState } from 'react'
import type { Block, BlockId } from '../../model/block'
import { attempt } from '../../core/command/edit'
import { useDesk, useMayNot, useVersion } from '../canvas/useStore'
import { Button } from '../ui/Button'

const rowHeight = 32

/** The parents in order of precedence: where two have one name, the later wins. Drag, or the arrows, reorder them. */
export function Parents({ block }: { block: Block }) {
  const desk = useDesk()
  const { store } = desk
  useVersion()
  const mayEdit = useMayNot('editor') === undefined
  const [held, setHeld] = useState<{ id: BlockId; from: number; y: number; to: number }>()
  const parents = store.graph.parents(block.id)
  if (parents.length === 0) return <p className="nothing">No parents: it begins with nothing.</p>
  const put = (id: BlockId, index: number) => {
    if (index < 0 || index >= parents.length || parents[index] === id) return
    const edge = { parent: id, child: block.id }
    attempt(desk, {
      op: 'batch',
      changes: [
        { op: 'disconnect', edge },
        { op: 'connect', edge, index },
      ],
    })
  }
  const shifted = (i: number) => {
    if (!held) return 0
    if (i === held.from) return (held.to - held.from) * rowHeight
    if (held.from < i && i <= held.to) return -rowHeight
    return held.to <= i && i < held.from ? rowHeight : 0
  }
  const clash = clashes(parents, (id) =>
    store
      .variables(id)
      .filter((v) => v.carried)
      .map((v) => v.name),
  )
  return (
    <section className="group parents">
      <h3>Parents</h3>
      <ul>
        {parents.map((id, i) => {
          const name = store.graph.block(id)?.name ?? id
          return (
            <li
              key={id}
              style={{ transform: `translateY(${shifted(i)}px)` }}
              className={held?.id === id ? 'held' : ''}
            >
              {mayEdit && (
                <span
                  className="grip"
                  onPointerDown={(event) => {
                    event.currentTarget.setPointerCapture(event.pointerId)
                    setHeld({ id, from: i, y: event.clientY, to: i })
                  }}
                  onPointerMove={(event) => {
                    if (!held) return
                    const to = held.from + Math.round((event.clientY - held.y) / rowHeight)
                    setHeld({ ...held, to: Math.max(0, Math.min(parents.length - 1, to)) })
                  }}
                  onPointerUp={() => {
                    if (held) put(held.id, held.to)
                    setHeld(undefined)
                  }}
                  onPointerCancel={() => setHeld(undefined)}
                >
                  <GripVertical size={14} />
                </span>
              )}
              <b>{name}</b>
              {mayEdit && (
                <span className="acts">
                  <Button
                    look="icon"
                    aria-label={`Move ${name} up`}
                    disabled={i === 0}
                    onClick={() => put(id, i - 1)}
                  >
                    <ArrowUp size={13} />
                  </Button>
                  <Button
                    look="icon"
                    aria-label={`Move ${name} down`}
                    disabled={i === parents.length - 1}
                    onClick={() => put(id, i + 1)}
                  >
                    <ArrowDown size={13} />
                  </Button>
                  <Button
                    look="icon"
                    aria-label={`Disconnect ${name}`}
                    onClick={() => attempt(desk, { op: 'disconnect', edge: { parent: id, child: block.id } })}
                  >
                    <X size={13} />
                  </Button>
                </span>
              )}
            </li>
          )
        })}
      </ul>
      {clash && (
        <p className="why">
          More than one has <code>{clash.name}</code>: that of {store.graph.block(clash.winner)?.name} wins.
        </p>
      )}
    </section>
  )
}

/** A name that several parents leave, and the parent whose value counts. */
function clashes(parents: readonly BlockId[], names: (id: BlockId) => readonly string[]) {
  const last = new Map<string, BlockId>()
  let found: { name: string; winner: BlockId } | undefined
  for (const id of parents)
    for (const name of names(id)) {
      if (last.has(name)) found ??= { name, winner: id }
      last.set(name, id)
      if (found?.name === name) found = { name, winner: id }
    }
  return found
}
