import type { FormEvent } from 'react'
import { passwordProblem, shortestPassword } from '../../core/session/new_password'
import { say } from '../../core/session/page'
import { changeName, changePassword } from '../../core/session/team'
import { textOf, useSubmit } from '../login/useSubmit'
import { Button } from '../ui/Button'
import { NameForm } from './NameForm'

/** What the others see. */
export function ChangeName({ name }: { name: string }) {
  const save = async (typed: string) => {
    await changeName(typed)
    say('Others see your new name.')
  }
  return <NameForm name={name} autoComplete="name" save={save} />
}

export function ChangePassword({ email }: { email: string | undefined }) {
  const { busy, problem, submit } = useSubmit(async (form) => {
    const password = textOf(form, 'password')
    const wrong = passwordProblem(password, textOf(form, 'again'), email)
    if (wrong !== undefined) throw new Error(wrong)
    await changePassword(textOf(form, 'current'), password)
    say('Your password is changed.')
  })
  const send = (event: FormEvent<HTMLFormElement>) => submit(event)
  const make = { type: 'password', required: true, autoComplete: 'new-password' } as const
  return (
    <form className="stack" onSubmit={send}>
      {/* For password managers: whose it is. */}
      <input type="hidden" name="username" autoComplete="username" value={email ?? ''} />
      <label>
        Current password
        <input name="current" type="password" required autoComplete="current-password" />
      </label>
      <label>
        New password
        <input name="password" minLength={shortestPassword} {...make} />
      </label>
      <label>
        The same again
        <input name="again" {...make} />
      </label>
      {problem !== undefined && <p role="alert">{problem}</p>}
      <Button type="submit" disabled={busy}>
        Change the password
      </Button>
    </form>
  )
}
