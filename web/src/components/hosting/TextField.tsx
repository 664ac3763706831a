import { useId } from 'react'
import { Words } from '../ui/Words'
import type { FormState } from './HostingForm'

interface Props {
  form: FormState
  path: string
  label: string
  example: string
  optional?: string
}
/** One field of the form, with what is wrong with it. */
export function TextField({ form, path, label, example, optional }: Props) {
  const id = useId()
  const wrong = form.wrong[path]
  return (
    <div className={`text ${path.replace('.', ' ')}`}>
      <label htmlFor={id}>
        {label} {optional !== undefined && <small>{optional}</small>}
      </label>
      <input
        id={id}
        value={form.draft.texts[path] ?? ''}
        placeholder={example}
        spellCheck={false}
        autoComplete="off"
        aria-invalid={wrong !== undefined}
        aria-describedby={wrong === undefined ? undefined : `${id}-wrong`}
        onChange={(event) => form.type(path, event.target.value)}
      />
      {wrong !== undefined && (
        <p id={`${id}-wrong`} className="wrong">
          {label} <Words text={wrong} />
        </p>
      )}
    </div>
  )
}
