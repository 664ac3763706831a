import { shortestPassword } from '../../core/session/new_password'
import { Entry } from './Entry'

/** A password that is made, typed twice; `password` and `again` of the form. */
export function NewPassword({ label = 'Password' }: { label?: string }) {
  const kind = { type: 'password', autoComplete: 'new-password', required: true } as const
  return (
    <>
      <Entry label={label} name="password" hint={`At least ${shortestPassword} characters.`} {...kind} />
      <Entry label="The same again" name="again" {...kind} />
    </>
  )
}
