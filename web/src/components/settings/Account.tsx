import { useState, type FormEvent } from 'react'
import { passwordProblem, shortestPassword } from '../../core/session/new_password'
import { say } from '../../core/session/page'
import { changeName, changePassword } from '../../core/session/team'
import { textOf, useSubmit } from '../login/useSubmit'
import { Button } from '../ui/Button'

/** What the others see. */
export function ChangeName({ name }: { name: string }) {
  const [typed, setTyped] = useState(name)
  const { busy, problem, submit } = useSubmit(async () => {
    await changeName(typed.trim())
    say('Others see your new name.')
  })
  const same = typed.trim() === '' || typed.trim() === name
  return (
    <form className="line" onSubmit={submit}>
      <label>
        Name
        <input
          value={typed}
          maxLength={100}
          autoComplete="name"
          onChange={(event) => setTyped(event.target.value)}
        />
      </label>
      <Button type="submit" disabled={same || busy}>
        Save
      </Button>
      {problem !== undefined && <p role="alert">{problem}</p>}
    </form>
  )
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
