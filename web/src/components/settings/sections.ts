import {
  Building2,
  Cloud,
  KeyRound,
  MonitorSmartphone,
  ScrollText,
  Server,
  UserRound,
  Users,
} from 'lucide-react'
import { lazy } from 'react'
import { atLeast, type Role } from '../../core/session/role'
import type { Session } from '../../core/session/session'

export interface Section {
  /** In the address. */
  readonly id: string
  readonly title: string
  readonly group: 'You' | 'Team' | 'Server'
  readonly icon: typeof Server
  /** The least role in the organization; absent: everybody. */
  readonly needs?: Role
  readonly page: ReturnType<typeof lazy>
}

/** All sections of the settings, in their order; one that a person may not open is not shown. */
export const sections: readonly Section[] = [
  {
    ...{ id: 'profile', title: 'Profile', group: 'You', icon: UserRound },
    page: lazy(() => import('./Profile')),
  },
  {
    ...{ id: 'sessions', title: 'Sessions', group: 'You', icon: MonitorSmartphone },
    page: lazy(() => import('./Sessions')),
  },
  {
    ...{ id: 'tokens', title: 'API tokens', group: 'You', icon: KeyRound },
    page: lazy(() => import('./Tokens')),
  },
  {
    ...{ id: 'members', title: 'Members', group: 'Team', icon: Users, needs: 'viewer' },
    page: lazy(() => import('../team/Members')),
  },
  {
    ...{ id: 'organization', title: 'Organization', group: 'Team', icon: Building2, needs: 'viewer' },
    page: lazy(() => import('../team/Organization')),
  },
  {
    ...{ id: 'audit', title: 'Audit log', group: 'Team', icon: ScrollText, needs: 'admin' },
    page: lazy(() => import('../team/AuditLog')),
  },
  {
    ...{ id: 'self-hosting', title: 'Self-hosting', group: 'Server', icon: Cloud, needs: 'admin' },
    page: lazy(() => import('../hosting/SelfHosting')),
  },
  {
    ...{ id: 'server', title: 'Server', group: 'Server', icon: Server, needs: 'admin' },
    page: lazy(() => import('./ServerSettings')),
  },
]

export function sectionsFor({ team, user }: Session): readonly Section[] {
  return sections.filter(
    ({ group, needs }) => (team || group !== 'Team') && (needs === undefined || atLeast(user.role, needs)),
  )
}
