import { useCallback, useSyncExternalStore } from 'react'
import { colourOf } from '../../core/session/colour'
import { select } from '../../model/selection'
import { selectBlocks } from '../../core/session/page'
import { useDesk } from '../canvas/useStore'

/** Who else is here; a click goes to where they are. */
export function Others() {
  const { store, camera } = useDesk()
  const listen = useCallback((tell: () => void) => store.onChange(tell), [store])
  const here = useSyncExternalStore(listen, () =>
    JSON.stringify(store.people().map(({ id, user, name, block }) => ({ id, user, name, block }))),
  )
  const more = useSyncExternalStore(listen, () => store.morePeople())
  const people = JSON.parse(here) as { id: string; user: string; name: string; block?: string | null }[]
  if (people.length === 0) return null
  return (
    <ul className="others" aria-label="Also here">
      {people.slice(0, 5).map(({ id, user, name, block }) => {
        const at = block == null ? undefined : store.graph.block(block)
        const go = () => {
          if (!at) return
          selectBlocks(select([at.id]))
          camera.focus(at.id)
        }
        const title = at ? `${name}, in ${at.name}` : name
        return (
          <li key={id}>
            <button className={colourOf(user)} title={title} aria-label={title} onClick={go}>
              {name.slice(0, 1).toUpperCase()}
            </button>
          </li>
        )
      })}
      {people.length + more > 5 && <li className="more">+{Math.max(0, people.length - 5) + more}</li>}
    </ul>
  )
}
