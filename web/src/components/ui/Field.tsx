import { Field as Base } from '@base-ui/react/field'
import { useId } from 'react'
import styles from './Field.module.css'

interface Props {
  label: string
  value: string
  placeholder?: string
  /** What is often meant, to choose from; other words may be written, too. */
  choices?: readonly string[]
  /** Why the value was not taken. */
  error?: string
  /** Why it cannot be changed. */
  fixed?: string | undefined
  /** When the person has finished: Enter, or leaving the field. `false`: not taken, and the old value stands again. */
  onCommit: (value: string) => unknown
}
export function Field({ label, value, placeholder, choices, error, fixed, onCommit }: Props) {
  const list = useId()
  return (
    <Base.Root className={`field ${styles.field}`} invalid={error !== undefined}>
      <Base.Label>{label}</Base.Label>
      <Base.Control
        key={value}
        className={styles.control}
        defaultValue={value}
        placeholder={placeholder}
        {...(choices && fixed === undefined && { list })}
        readOnly={fixed !== undefined}
        title={fixed}
        onBlur={(event) => {
          const { target } = event
          if (target.value !== value && onCommit(target.value) === false) target.value = value
        }}
        onKeyDown={(event) => event.key === 'Enter' && event.currentTarget.blur()}
      />
      {choices && (
        <datalist id={list}>
          {choices.map((choice) => (
            <option key={choice} value={choice} />
          ))}
        </datalist>
      )}
      {error !== undefined && <p role="alert">{error}</p>}
    </Base.Root>
  )
}
