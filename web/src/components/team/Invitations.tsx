import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { answer, api, type Schemas } from '../../core/api/client'
import { sentenceOf } from '../../core/api/problem'
import { say } from '../../core/session/page'
import type { Role } from '../../core/session/role'
import { ago } from '../../core/session/time'
import { textOf, useSubmit } from '../login/useSubmit'
import { Part } from '../settings/Part'
import { Button } from '../ui/Button'
import { HandedLink } from './HandedLink'
import { all } from './queries'
import { RoleSelect } from './RoleSelect'

/** Links by which somebody becomes a member. */
export function Invitations({ own }: { own: Role | undefined }) {
  const client = useQueryClient()
  const [made, setMade] = useState<Schemas['HandedLink']>()
  const [role, setRole] = useState<Role>('editor')
  const list = useQuery({
    queryKey: ['invitations'],
    queryFn: () => all((query) => answer(api.GET('/invitations', { params: { query } }))),
  })
  const fresh = () => client.invalidateQueries({ queryKey: ['invitations'] })
  const revoke = useMutation({
    mutationFn: (invitation: string) =>
      answer(api.DELETE('/invitations/{invitation}', { params: { path: { invitation } } })),
    onError: (error) => say(sentenceOf(error)),
    onSettled: fresh,
  })
  const { busy, problem, submit } = useSubmit(async (form) => {
    const email = textOf(form, 'email').trim()
    const days = Number(textOf(form, 'days'))
    setMade(await answer(api.POST('/invitations', { body: { role, days, ...(email !== '' && { email }) } })))
    await fresh()
  })
  return (
    <Part
      title="Invitations"
      about="A link makes one person a member. Hand it over as you like: nobody is sent an e-mail."
    >
      {list.error && <p role="alert">{sentenceOf(list.error)}</p>}
      {made && <HandedLink title="An invitation." link={made} />}
      <ul className="rows">
        {list.data?.map((invitation) => (
          <li key={invitation.id}>
            <span>
              <b>
                {invitation.role}
                {invitation.email !== null && `, only for ${invitation.email}`}
              </b>
              <small>
                by {invitation.by.name}, {ago(invitation.created_ms)}; until{' '}
                {new Date(invitation.expires_ms).toLocaleDateString('en', { dateStyle: 'medium' })}
              </small>
            </span>
            <Button small onClick={() => revoke.mutate(invitation.id)}>
              Revoke
            </Button>
          </li>
        ))}
      </ul>
      <form className="token invite" onSubmit={submit}>
        <label>
          Role
          <RoleSelect label="Role of who is invited" role={role} own={own} onChange={setRole} />
        </label>
        <label>
          Only for this e-mail (may be empty)
          <input name="email" type="email" maxLength={254} placeholder="anybody with the link" />
        </label>
        <label>
          Days
          <input name="days" type="number" min={1} max={30} defaultValue={7} required />
        </label>
        <Button type="submit" disabled={busy}>
          Make a link
        </Button>
        {problem !== undefined && <p role="alert">{problem}</p>}
      </form>
    </Part>
  )
}
