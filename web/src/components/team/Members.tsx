import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Ellipsis } from 'lucide-react'
import { useState } from 'react'
import { answer, api, type Schemas } from '../../core/api/client'
import { sentenceOf } from '../../core/api/problem'
import { say } from '../../core/session/page'
import { atLeast, whyNot, type Role } from '../../core/session/role'
import { useSession } from '../../core/session/session'
import { ago } from '../../core/session/time'
import { Part } from '../settings/Part'
import { Button } from '../ui/Button'
import { Menu } from '../ui/Menu'
import { Face } from './Face'
import { HandedLink } from './HandedLink'
import { Invitations } from './Invitations'
import { useMembers, type Member } from './queries'
import { Removal } from './Removal'
import { RoleSelect } from './RoleSelect'
import './team.css'

/** Who is in the organization, and for those who may: who else comes in, and who goes. */
export default function Members() {
  const session = useSession()
  const client = useQueryClient()
  const list = useMembers()
  const [link, setLink] = useState<{ title: string; link: Schemas['HandedLink'] }>()
  const [removing, setRemoving] = useState<Member>()
  const settled = {
    onError: (error: Error) => say(sentenceOf(error)),
    onSettled: () => client.invalidateQueries({ queryKey: ['members'] }),
  }
  const change = useMutation({
    ...settled,
    mutationFn: ({ member, role }: { member: Member; role: Role }) =>
      answer(api.PATCH('/members/{member}', { params: { path: { member: member.id } }, body: { role } })),
    onSuccess: ({ name, role }) => say(`${name} is ${role} now.`),
  })
  const reset = useMutation({
    ...settled,
    mutationFn: (member: Member) =>
      answer(api.POST('/members/{member}/password-reset', { params: { path: { member: member.id } } })),
    onSuccess: (made, { name }) =>
      setLink({ title: `A link for ${name} to set a new password.`, link: made }),
  })
  if (session.state !== 'in') return null
  const { user } = session.session
  const manages = atLeast(user.role, 'admin')
  const owners = list.data?.filter(({ role }) => role === 'owner').length
  return (
    <>
      <Part title="Members" about="A role holds for all canvases; one canvas may grant more.">
        {list.error && <p role="alert">{sentenceOf(list.error)}</p>}
        {link && <HandedLink {...link} />}
        <ul className="rows people">
          {list.data?.map((member) => {
            const self = member.id === user.id
            const fixed = whyFixed(member, user.role, owners === 1)
            const why = fixed !== undefined && { why: fixed }
            return (
              <li key={member.id}>
                <Face id={member.id} name={member.name} />
                <span>
                  <b>
                    {member.name}
                    {self && <i> (you)</i>}
                  </b>
                  <small>
                    {member.email}
                    {member.seen_ms !== null && `, seen ${ago(member.seen_ms)}`}
                  </small>
                </span>
                <RoleSelect
                  label={`Role of ${member.name}`}
                  role={member.role}
                  own={user.role}
                  fixed={fixed}
                  onChange={(role) => change.mutate({ member, role })}
                />
                {manages && (
                  <Menu
                    trigger={
                      <Button look="icon" aria-label={`More for ${member.name}`}>
                        <Ellipsis size={16} />
                      </Button>
                    }
                    items={[
                      {
                        title: 'Link for a new password',
                        onSelect: () => reset.mutate(member),
                        ...(member.role === 'owner' && why),
                      },
                      { title: 'Remove', onSelect: () => setRemoving(member), ...why },
                    ]}
                  />
                )}
              </li>
            )
          })}
        </ul>
      </Part>
      {manages && <Invitations own={user.role} />}
      {removing && (
        <Removal member={removing} self={removing.id === user.id} onClose={() => setRemoving(undefined)} />
      )}
    </>
  )
}

/** Why somebody of a role may not change or remove a member. */
function whyFixed(member: Member, own: Role | undefined, lastOwner: boolean): string | undefined {
  const missing = whyNot(own, member.role === 'owner' ? 'owner' : 'admin')
  if (missing !== undefined) return missing
  return member.role === 'owner' && lastOwner ? 'The last owner stays: make another one first.' : undefined
}
