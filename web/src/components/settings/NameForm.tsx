import { useState } from 'react'
import { useSubmit } from '../login/useSubmit'
import { Button } from '../ui/Button'

interface Props {
  name: string
  /** Why it cannot be changed; undefined if it can. */
  fixed?: string | undefined
  autoComplete?: string
  save: (name: string) => Promise<void>
}
/** A name and its Save. */
export function NameForm({ name, fixed, autoComplete, save }: Props) {
  const [typed, setTyped] = useState(name)
  const { busy, problem, submit } = useSubmit(() => save(typed.trim()))
  const same = typed.trim() === '' || typed.trim() === name
  return (
    <form className="line" onSubmit={submit}>
      <label>
        Name
        <input
          value={typed}
          maxLength={100}
          readOnly={fixed !== undefined}
          title={fixed}
          autoComplete={autoComplete}
          onChange={(event) => setTyped(event.target.value)}
        />
      </label>
      {fixed === undefined ? (
        <Button type="submit" disabled={same || busy}>
          Save
        </Button>
      ) : (
        <p className="about alone">{fixed}</p>
      )}
      {problem !== undefined && <p role="alert">{problem}</p>}
    </form>
  )
}
