import { useQuery, useQueryClient } from '@tanstack/react-query'
import { answer, api } from '../../core/api/client'
import { sentenceOf } from '../../core/api/problem'
import { say } from '../../core/session/page'
import { whyNot } from '../../core/session/role'
import { navigate, settingsPath } from '../../core/session/route'
import { useSession } from '../../core/session/session'
import { NameForm } from '../settings/NameForm'
import { Part } from '../settings/Part'
import { Button } from '../ui/Button'
import './team.css'

/** What the team is called, and how large it is. */
export default function Organization() {
  const session = useSession()
  const found = useQuery({ queryKey: ['organization'], queryFn: () => answer(api.GET('/organization')) })
  const client = useQueryClient()
  if (session.state !== 'in') return null
  const rename = async (name: string) => {
    client.setQueryData(['organization'], await answer(api.PATCH('/organization', { body: { name } })))
    say('The organization has its new name.')
  }
  const { data } = found
  return (
    <Part title="Organization" about="Everybody who works on this server.">
      {found.error && <p role="alert">{sentenceOf(found.error)}</p>}
      {data && (
        <>
          <NameForm
            key={data.name}
            name={data.name}
            fixed={whyNot(session.session.user.role, 'owner')}
            save={rename}
          />
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
