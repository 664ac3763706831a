import { useEffect, useState } from 'react'
import type { Schemas } from '../../core/api/client'
import { sentenceOf } from '../../core/api/problem'
import { passwordProblem } from '../../core/session/new_password'
import { replace } from '../../core/session/route'
import { askTeam, setUp } from '../../core/session/team'
import { Logo } from '../shell/Logo'
import { Button } from '../ui/Button'
import { Entry } from './Entry'
import { NewPassword } from './NewPassword'
import { Stop } from './Stop'
import { textOf, useSubmit } from './useSubmit'
import './login.css'

/** The first owner names the organization and becomes its first member. */
export function SetUp({ token }: { token: string }) {
  const [team, setTeam] = useState<Schemas['Team'] | { problem: string }>()
  useEffect(() => {
    askTeam().then(setTeam, (error: unknown) => setTeam({ problem: sentenceOf(error) }))
  }, [])
  const { busy, problem, submit } = useSubmit(async (form) => {
    const email = textOf(form, 'email').trim()
    const password = textOf(form, 'password')
    const wrong = passwordProblem(password, textOf(form, 'again'), email)
    if (wrong !== undefined) throw new Error(wrong)
    const [organization, name] = [textOf(form, 'organization').trim(), textOf(form, 'name').trim()]
    await setUp(token, { organization, name, email, password })
    replace('/')
  })
  if (team === undefined) return <main className="login" />
  if ('problem' in team) return <Stop title="The server does not answer" text={team.problem} retry />
  if (!team.setup)
    return (
      <Stop
        title="This server is set up already"
        text={
          team.team ? 'Sign in with your e-mail address and password.' : 'It serves one person, not a team.'
        }
        go="Sign in"
      />
    )
  return (
    <main className="login">
      <section>
        <Logo size={44} />
        <h1>Set up Easel for your team</h1>
        <p>You become its first owner. Others join by links that you hand out; nobody is sent an e-mail.</p>
        <form onSubmit={submit}>
          {problem !== undefined && (
            <p className="wrong" role="alert">
              {problem}
            </p>
          )}
          <Entry
            label="Your team"
            name="organization"
            maxLength={100}
            required
            autoFocus
            autoComplete="organization"
            placeholder="Acme Research"
          />
          <Entry label="Your name" name="name" maxLength={100} required autoComplete="name" />
          <Entry label="E-mail" name="email" type="email" maxLength={254} required autoComplete="username" />
          <NewPassword />
          <Button look="primary" type="submit" disabled={busy}>
            {busy ? 'Setting up…' : 'Set up and sign in'}
          </Button>
        </form>
      </section>
    </main>
  )
}
