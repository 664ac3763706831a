import { useState } from 'react'
import { found } from '../../model/found'
import { Dialog } from '../ui/Dialog'
import './palette.css'

export interface Entry {
  readonly id: string
  readonly title: string
  readonly hint: string
  /** Other words that find it. */
  readonly also?: string
  /** Why it cannot be chosen; undefined if it can. */
  readonly why: string | undefined
  readonly act: () => void
}
const most = 12

/** A list that one narrows by typing, and chooses from with the arrow keys. */
export function PickList({
  label,
  entries,
  onClose,
}: {
  label: string
  entries: readonly Entry[]
  onClose: () => void
}) {
  const [words, setWords] = useState('')
  const [at, setAt] = useState(0)
  const shown = found(entries, words).slice(0, most)
  const chosen = shown[Math.min(at, shown.length - 1)]
  const act = (entry: Entry | undefined) => {
    if (!entry || entry.why !== undefined) return
    onClose()
    entry.act()
  }
  return (
    <Dialog open label={label} onClose={onClose}>
      <input
        className="palette-input"
        autoFocus
        role="combobox"
        aria-expanded
        aria-controls="palette-list"
        aria-activedescendant={chosen && `palette-${chosen.id}`}
        aria-label={label}
        placeholder={label}
        value={words}
        onChange={(event) => {
          setWords(event.target.value)
          setAt(0)
        }}
        onKeyDown={(event) => {
          if (event.key === 'ArrowDown') setAt(Math.min(at + 1, shown.length - 1))
          else if (event.key === 'ArrowUp') setAt(Math.max(at - 1, 0))
          else if (event.key === 'Enter') act(chosen)
          else return
          event.preventDefault()
        }}
      />
      <ul id="palette-list" role="listbox" aria-label="Results" className="palette-list">
        {shown.map((entry) => (
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
      </ul>
      {shown.length === 0 && <p className="palette-none">Nothing is called that.</p>}
    </Dialog>
  )
}
