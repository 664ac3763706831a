import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { answer, api, type Schemas } from '../../core/api/client'
import { sentenceOf } from '../../core/api/problem'
import { atLeast, roles, roleWords, whyNot, type Role } from '../../core/session/role'
import { useSession } from '../../core/session/session'
import { Queries } from '../shell/Queries'
import { CopyButton } from '../settings/CopyButton'
import { canvasPath } from '../../core/session/route'
import { Dialog } from '../ui/Dialog'
import { Face } from './Face'
import { all } from './queries'
import './team.css'

interface Props {
  /** Its id. */
  canvas: string
  name: string
  /** Of who looks, on this canvas. */
  role: Role
  onClose: () => void
}
/** Who may do what on one canvas. */
export default function Sharing(props: Props) {
  return (
    <Dialog open titled label={`Share ${props.name}`} onClose={props.onClose}>
      <Queries>
        <People {...props} />
      </Queries>
    </Dialog>
  )
}

function People({ canvas, role }: Props) {
  const session = useSession()
  const client = useQueryClient()
  const key = ['roles', canvas]
  const list = useQuery({
    queryKey: key,
    queryFn: () =>
      all((query) => answer(api.GET('/canvases/{canvas}/roles', { params: { path: { canvas }, query } }))),
  })
  const grant = useMutation({
    mutationFn: async ({ member, wanted }: { member: Schemas['Member']; wanted: Role | undefined }) => {
      const params = { path: { canvas, member: member.id } }
      if (wanted === undefined) await answer(api.DELETE('/canvases/{canvas}/roles/{member}', { params }))
      else await answer(api.PUT('/canvases/{canvas}/roles/{member}', { params, body: { role: wanted } }))
    },
    onSettled: () => client.invalidateQueries({ queryKey: key }),
  })
  const fixed = whyNot(role, 'admin')
  const self = session.state === 'in' ? session.session.user.id : undefined
  return (
    <div className="sharing">
      <p className="about">
        {fixed === undefined
          ? 'A member’s role in the team counts on every canvas; here you can grant more.'
          : `Who may do what here. ${fixed}`}
      </p>
      {list.error && <p role="alert">{sentenceOf(list.error)}</p>}
      <ul className="people">
        {list.data?.map((one) => (
          <li key={one.member.id}>
            <Face id={one.member.id} name={one.member.name} />
            <span>
              <b>
                {one.member.name}
                {one.member.id === self && <i> (you)</i>}
              </b>
              <small>{one.member.email}</small>
            </span>
            <Granted
              one={one}
              own={role}
              fixed={fixed}
              onGrant={(wanted) => grant.mutate({ member: one.member, wanted })}
            />
          </li>
        ))}
      </ul>
      {/* The page's own notices are behind the dialog. */}
      <p role="status">
        {grant.isSuccess &&
          (grant.variables.wanted === undefined
            ? `${grant.variables.member.name} has the team's role here.`
            : `${grant.variables.member.name} is ${grant.variables.wanted} here.`)}
      </p>
      {grant.error && <p role="alert">{sentenceOf(grant.error)}</p>}
      <p className="acts">
        <CopyButton text={location.origin + canvasPath(canvas)} label="Copy the link to this canvas" />
      </p>
    </div>
  )
}

interface GrantedProps {
  one: Schemas['CanvasRole']
  own: Role
  fixed: string | undefined
  onGrant: (role: Role | undefined) => void
}
/** What this canvas grants somebody beyond what the team does. */
function Granted({ one: { member, organization, granted }, own, fixed, onGrant }: GrantedProps) {
  const more = roles.filter(
    (role) => role === granted || (!atLeast(organization, role) && atLeast(own, role)),
  )
  const why = fixed ?? (more.length === 0 ? 'There is no more that you could grant.' : undefined)
  return (
    <select
      aria-label={`Role of ${member.name} on this canvas`}
      value={granted ?? ''}
      disabled={why !== undefined}
      title={why}
      onChange={(event) => onGrant((event.target.value || undefined) as Role | undefined)}
    >
      <option value="">{organization}, as in the team</option>
      {more.map((role) => (
        <option key={role} value={role}>
          {role}: {roleWords[role]}
        </option>
      ))}
    </select>
  )
}
