import { useEffect, useState } from 'react'
import type { Schemas } from '../../core/api/client'
import { sentenceOf } from '../../core/api/problem'
import { passwordProblem } from '../../core/session/new_password'
import { roleWords } from '../../core/session/role'
import { replace } from '../../core/session/route'
import { signOut, useSession } from '../../core/session/session'
import { join, lookAtInvitation } from '../../core/session/team'
import { Logo } from '../shell/Logo'
import { Button } from '../ui/Button'
import { Entry } from './Entry'
import { NewPassword } from './NewPassword'
import { Stop } from './Stop'
import { textOf, useSubmit } from './useSubmit'
import './login.css'

/** Somebody was handed an invitation. */
export function Join({ token }: { token: string }) {
  const session = useSession()
  const [seen, setSeen] = useState<Schemas['InvitationSeen'] | { problem: string }>()
  useEffect(() => {
    lookAtInvitation(token).then(setSeen, (error: unknown) => setSeen({ problem: sentenceOf(error) }))
  }, [token])
  if (seen === undefined || session.state === 'asking') return <main className="login" />
  if ('problem' in seen)
    return <Stop title="This invitation cannot be accepted" text={seen.problem} go="Sign in" />
  if (session.state === 'in') return <Member name={session.session.user.name} seen={seen} />
  return <Accept token={token} seen={seen} />
}

function Accept({ token, seen }: { token: string; seen: Schemas['InvitationSeen'] }) {
  const { busy, problem, submit } = useSubmit(async (form) => {
    const email = seen.email ?? textOf(form, 'email').trim()
    const password = textOf(form, 'password')
    const wrong = passwordProblem(password, textOf(form, 'again'), email)
    if (wrong !== undefined) throw new Error(wrong)
    await join(token, { name: textOf(form, 'name').trim(), email, password })
    replace('/')
  })
  return (
    <main className="login">
      <section>
        <Logo size={44} />
        <h1>Join {seen.organization}</h1>
        <p>
          <b>{seen.by.name}</b> invites you to be {article(seen.role)} <b>{seen.role}</b>: you may{' '}
          {roleWords[seen.role]}.
        </p>
        <form onSubmit={submit}>
          {problem !== undefined && (
            <p className="wrong" role="alert">
              {problem}
            </p>
          )}
          <Entry label="Your name" name="name" maxLength={100} required autoFocus autoComplete="name" />
          <Entry
            label="E-mail"
            name="email"
            type="email"
            maxLength={254}
            required
            autoComplete="username"
            {...(seen.email !== null && {
              defaultValue: seen.email,
              readOnly: true,
              hint: 'The invitation is for this address.',
            })}
          />
          <NewPassword />
          <Button look="primary" type="submit" disabled={busy}>
            {busy ? 'Joining…' : 'Join and sign in'}
          </Button>
        </form>
      </section>
    </main>
  )
}

/** The link is somebody else's, or was opened twice. */
function Member({ name, seen }: { name: string; seen: Schemas['InvitationSeen'] }) {
  return (
    <main className="login">
      <section>
        <Logo size={44} />
        <h1>You are {name} here</h1>
        <p>
          This invitation makes somebody new a member of {seen.organization}. Sign out to accept it as another
          person; it stays good until then.
        </p>
        <p className="acts">
          <Button look="primary" onClick={() => replace('/')}>
            Go on as {name}
          </Button>
          <Button onClick={() => void signOut().catch(() => undefined)}>Sign out</Button>
        </p>
      </section>
    </main>
  )
}

const article = (role: string) => (/^[aeo]/.test(role) ? 'an' : 'a')
