import { colourOf } from '../../core/session/colour'

/** The first letter of a name, in the person's colour. */
export function Face({ id, name }: { id: string; name: string }) {
  return (
    <span className={`face ${colourOf(id)}`} aria-hidden="true">
      {name.slice(0, 1).toUpperCase()}
    </span>
  )
}
