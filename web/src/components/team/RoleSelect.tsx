import { atLeast, roles, type Role } from '../../core/session/role'

interface Props {
  label: string
  role: Role
  /** The role of who chooses: nobody gives more than their own. */
  own: Role | undefined
  /** Why it cannot be changed. */
  fixed?: string | undefined
  onChange: (role: Role) => void
}
export function RoleSelect({ label, role, own, fixed, onChange }: Props) {
  const offered = roles.filter((one) => one === role || atLeast(own, one))
  return (
    <select
      className="role"
      aria-label={label}
      value={role}
      disabled={fixed !== undefined}
      title={fixed}
      onChange={(event) => onChange(event.target.value as Role)}
    >
      {offered.map((one) => (
        <option key={one} value={one}>
          {one}
        </option>
      ))}
    </select>
  )
}
