import { useEffect, useState } from 'react'
import type { Schemas } from '../../core/api/client'
import { signIn } from '../../core/session/session'
import { askTeam } from '../../core/session/team'
import { Logo } from '../shell/Logo'
import { Button } from '../ui/Button'
import { sentence, Words } from '../ui/Words'
import { Entry } from './Entry'
import { textOf, useSubmit } from './useSubmit'
import './login.css'

/** There is no session. The asked page stays in the address, and opens once there is one. */
export function Login({ problem }: { problem: string | undefined }) {
  const [team, setTeam] = useState<Schemas['Team'] | 'unknown'>()
  useEffect(() => {
    askTeam().then(setTeam, () => setTeam('unknown'))
  }, [])
  if (team === undefined) return <main className="login" />
  const people = team !== 'unknown' && team.team
  return (
    <main className="login">
      <section>
        <Logo size={44} />
        <h1>Sign in to Easel</h1>
        {problem !== undefined && (
          <p className="said" role="status">
            <Words text={sentence(problem)} />
          </p>
        )}
        {!people ? <ByLink /> : team.setup ? <NotSetUp /> : <ByPassword organization={team.organization} />}
      </section>
    </main>
  )
}

function ByLink() {
  return (
    <>
      <p>
        Open the link that <code>easel serve</code> (or <code>./dev up</code>) printed in its terminal. It
        looks like this, and works once:
      </p>
      <pre>{`${location.origin}/#token=…`}</pre>
      <p>
        The link was used, or lost? Run the same command again in another terminal (<code>./dev up</code>, if
        you began with that): it sees that the workspace is served, and prints a new link.
      </p>
    </>
  )
}

function NotSetUp() {
  return (
    <>
      <p>
        Nobody can sign in yet: this server waits for its first owner. Open the link that{' '}
        <code>easel serve --team</code> printed in its terminal. It looks like this:
      </p>
      <pre>{`${location.origin}/setup#token=…`}</pre>
    </>
  )
}

function ByPassword({ organization }: { organization: string | null }) {
  const { busy, problem, submit } = useSubmit((form) =>
    signIn({ email: textOf(form, 'email').trim(), password: textOf(form, 'password') }),
  )
  return (
    <form onSubmit={submit}>
      {organization !== null && <p className="of">{organization}</p>}
      {problem !== undefined && (
        <p className="wrong" role="alert">
          {problem}
        </p>
      )}
      <Entry label="E-mail" name="email" type="email" autoComplete="username" required autoFocus />
      <Entry label="Password" name="password" type="password" autoComplete="current-password" required />
      <Button look="primary" type="submit" disabled={busy}>
        {busy ? 'Signing in…' : 'Sign in'}
      </Button>
      <p className="small">
        Forgot your password, or no account yet? An admin of {organization ?? 'your team'} hands out a link
        for either.
      </p>
    </form>
  )
}
