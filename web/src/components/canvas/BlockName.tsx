import type { Block } from '../../model/block'
import { rename } from '../../core/command/rename'
import { setPage, usePage } from '../../core/session/page'
import { useDesk, useMayNot } from './useStore'

/** A block's name; a double click on it, or F2, makes it a field. */
export function BlockName({ block: { id, name } }: { block: Block }) {
  const desk = useDesk()
  const mayEdit = useMayNot('editor') === undefined
  const renaming = usePage((p) => p.renaming === id) && mayEdit
  if (!renaming)
    return (
      <h2
        onDoubleClick={(event) => {
          if (!mayEdit) return
          event.stopPropagation()
          setPage({ renaming: id, editing: undefined })
        }}
      >
        {name}
      </h2>
    )
  const end = () => setPage({ renaming: undefined })
  return (
    <input
      className="name nodrag nopan"
      aria-label={`Name of ${name}`}
      defaultValue={name}
      autoFocus
      spellCheck={false}
      onFocus={(event) => event.target.select()}
      onDoubleClick={(event) => event.stopPropagation()}
      onBlur={(event) => {
        end()
        rename(desk, id, event.target.value.trim())
      }}
      onKeyDown={(event) => {
        if (event.key !== 'Enter' && event.key !== 'Escape') return
        event.preventDefault()
        event.stopPropagation()
        if (event.key === 'Escape') event.currentTarget.value = name
        // The card gets the focus: the next key is the stage's.
        event.currentTarget.closest('article')?.focus({ preventScroll: true })
      }}
    />
  )
}
