import { useMemo, useState } from 'react'
import { select } from '../../model/selection'
import { commands } from '../../core/command/commands'
import { selectBlocks, setPage } from '../../core/session/page'
import { useDesk } from '../canvas/useStore'
import { Dialog } from '../ui/Dialog'
import './palette.css'

interface Entry {
  readonly id: string
  readonly title: string
  readonly hint: string
  readonly why: string | undefined
  readonly act: () => void
}
const close = () => setPage({ dialog: undefined })
const most = 12

/** Finds commands and blocks; a command that cannot be done now says why. */
export default function Palette() {
  const desk = useDesk()
  const [words, setWords] = useState('')
  const [at, setAt] = useState(0)
  const entries = useMemo(() => {
    const all: Entry[] = commands.map((c) => ({
      id: c.id,
      title: c.title,
      hint: c.keys[0] ?? '',
      why: c.why?.(desk),
      act: () => c.run(desk),
    }))
    for (const block of desk.store.graph.blocks())
      all.push({
        id: `block ${block.id}`,
        title: block.name,
        hint: block.kind,
        why: undefined,
        act: () => {
          selectBlocks(select([block.id]))
          desk.camera.focus(block.id)
        },
      })
    const asked = words.toLowerCase().split(/\s+/)
    return all.filter((e) => asked.every((word) => e.title.toLowerCase().includes(word))).slice(0, most)
  }, [desk, words])
  const chosen = entries[Math.min(at, entries.length - 1)]
  const act = (entry: Entry | undefined) => {
    if (!entry || entry.why !== undefined) return
    close()
    entry.act()
  }
  return (
    <Dialog open label="Commands and blocks" onClose={close}>
      <input
        className="palette-input"
        autoFocus
        role="combobox"
        aria-expanded
        aria-controls="palette-list"
        aria-activedescendant={chosen && `palette-${chosen.id}`}
        aria-label="Search or run a command"
        placeholder="Search or run a command"
        value={words}
        onChange={(event) => {
          setWords(event.target.value)
          setAt(0)
        }}
        onKeyDown={(event) => {
          if (event.key === 'ArrowDown') setAt(Math.min(at + 1, entries.length - 1))
          else if (event.key === 'ArrowUp') setAt(Math.max(at - 1, 0))
          else if (event.key === 'Enter') act(chosen)
          else return
          event.preventDefault()
        }}
      />
      <ul id="palette-list" role="listbox" aria-label="Results" className="palette-list">
        {entries.map((entry) => (
          <li
            key={entry.id}
            id={`palette-${entry.id}`}
            role="option"
            aria-selected={entry === chosen}
            aria-disabled={entry.why !== undefined}
            onClick={() => act(entry)}
          >
            <span>{entry.title}</span>
            {entry.why !== undefined ? <small>{entry.why}</small> : entry.hint && <kbd>{entry.hint}</kbd>}
          </li>
        ))}
        {entries.length === 0 && <li className="none">Nothing is called that.</li>}
      </ul>
    </Dialog>
  )
}
