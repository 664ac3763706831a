import { Field as Base } from '@base-ui/react/field'
import styles from './Field.module.css'

interface Props {
  label: string
  value: string
  placeholder?: string
  /** Why the value was not taken. */
  error?: string
  /** Why it cannot be changed. */
  fixed?: string | undefined
  /** When the person has finished: Enter, or leaving the field. */
  onCommit: (value: string) => void
}
export function Field({ label, value, placeholder, error, fixed, onCommit }: Props) {
  return (
    <Base.Root className={`field ${styles.field}`} invalid={error !== undefined}>
      <Base.Label>{label}</Base.Label>
      <Base.Control
        key={value}
        className={styles.control}
        defaultValue={value}
        placeholder={placeholder}
        readOnly={fixed !== undefined}
        title={fixed}
        onBlur={(event) => event.target.value !== value && onCommit(event.target.value)}
        onKeyDown={(event) => event.key === 'Enter' && event.currentTarget.blur()}
      />
      {error !== undefined && <p role="alert">{error}</p>}
    </Base.Root>
  )
}
