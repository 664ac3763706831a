import { useId, type ComponentProps } from 'react'

interface Props extends ComponentProps<'input'> {
  label: string
  /** What it is for, below it. */
  hint?: string
}
/** A line of a form that somebody fills in to get in. */
export function Entry({ label, hint, ...input }: Props) {
  const id = useId()
  return (
    <div className="entry">
      <label>
        {label}
        <input {...input} {...(hint !== undefined && { 'aria-describedby': id })} />
      </label>
      {hint !== undefined && <small id={id}>{hint}</small>}
    </div>
  )
}
