import { passwordProblem } from '../../core/session/new_password'
import { replace } from '../../core/session/route'
import { resetPassword } from '../../core/session/team'
import { Logo } from '../shell/Logo'
import { Button } from '../ui/Button'
import { NewPassword } from './NewPassword'
import { textOf, useSubmit } from './useSubmit'
import './login.css'

/** An admin handed over a link for a new password. */
export function Reset({ token }: { token: string }) {
  const { busy, problem, submit } = useSubmit(async (form) => {
    const password = textOf(form, 'password')
    const wrong = passwordProblem(password, textOf(form, 'again'))
    if (wrong !== undefined) throw new Error(wrong)
    await resetPassword(token, password)
    replace('/')
  })
  return (
    <main className="login">
      <section>
        <Logo size={44} />
        <h1>Set a new password</h1>
        <p>All your sessions and API tokens end, in case somebody else has the old one.</p>
        <form onSubmit={submit}>
          {problem !== undefined && (
            <p className="wrong" role="alert">
              {problem}
            </p>
          )}
          <NewPassword label="New password" />
          <Button look="primary" type="submit" disabled={busy}>
            {busy ? 'Setting it…' : 'Set it and sign in'}
          </Button>
        </form>
      </section>
    </main>
  )
}
