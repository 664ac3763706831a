import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { answer, api } from '../../core/api/client'
import { sentenceOf } from '../../core/api/problem'
import { say } from '../../core/session/page'
import { whyNot } from '../../core/session/role'
import { navigate, settingsPath } from '../../core/session/route'
import { useSession } from '../../core/session/session'
import { useSubmit } from '../login/useSubmit'
import { Part } from '../settings/Part'
import { Button } from '../ui/Button'
import './team.css'

/** What the team is called, and how large it is. */
export default function Organization() {
  const session = useSession()
  const found = useQuery({ queryKey: ['organization'], queryFn: () => answer(api.GET('/organization')) })
  if (session.state !== 'in') return null
  const { data } = found
  return (
    <Part title="Organization" about="Everybody who works on this server.">
      {found.error && <p role="alert">{sentenceOf(found.error)}</p>}
      {data && (
        <>
          <Name key={data.name} name={data.name} fixed={whyNot(session.session.user.role, 'owner')} />
          <dl>
            <dt>Members</dt>
            <dd>{data.members}</dd>
            <dt>Since</dt>
            <dd>{new Date(data.created_ms).toLocaleDateString('en', { dateStyle: 'long' })}</dd>
          </dl>
          <Button onClick={() => navigate(settingsPath('members'))}>Members</Button>
        </>
      )}
    </Part>
  )
}

function Name({ name, fixed }: { name: string; fixed: string | undefined }) {
  const client = useQueryClient()
  const [typed, setTyped] = useState(name)
  const { busy, problem, submit } = useSubmit(async () => {
    client.setQueryData(
      ['organization'],
      await answer(api.PATCH('/organization', { body: { name: typed.trim() } })),
    )
    say('The organization has its new name.')
  })
  const same = typed.trim() === '' || typed.trim() === name
  return (
    <form className="line" onSubmit={submit}>
      <label>
        Name
        <input
          value={typed}
          maxLength={100}
          readOnly={fixed !== undefined}
          title={fixed}
          onChange={(event) => setTyped(event.target.value)}
        />
      </label>
      {fixed === undefined && (
        <Button type="submit" disabled={same || busy}>
          Save
        </Button>
      )}
      {fixed !== undefined && <p className="about alone">{fixed}</p>}
      {problem !== undefined && <p role="alert">{problem}</p>}
    </form>
  )
}
