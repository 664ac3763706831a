import { answer, api, type Schemas } from '../api/client'
import { enter } from './session'

interface Credentials {
  readonly email: string
  readonly password: string
}

/** What the page for signing in needs to know of the server. */
export const askTeam = (): Promise<Schemas['Team']> => answer(api.GET('/team'))

/** Become the first owner; one is signed in by it. */
export async function setUp(
  token: string,
  person: Credentials & { organization: string; name: string },
): Promise<void> {
  enter(await answer(api.POST('/team/setup', { body: { token, ...person } })))
}
/** Become a member; one is signed in by it. */
export async function join(token: string, person: Credentials & { name: string }): Promise<void> {
  enter(await answer(api.POST('/invitations/accept', { body: { token, ...person } })))
}
export const lookAtInvitation = (token: string): Promise<Schemas['InvitationSeen']> =>
  answer(api.POST('/invitations/look', { body: { token } }))

/** Set a new password by an admin's link; one is signed in by it. */
export async function resetPassword(token: string, password: string): Promise<void> {
  enter(await answer(api.POST('/password-resets', { body: { token, password } })))
}
export async function changeName(name: string): Promise<void> {
  enter(await answer(api.PATCH('/me', { body: { name } })))
}
export const changePassword = (current: string, password: string): Promise<void> =>
  answer(api.PUT('/me/password', { body: { current, password } })).then(() => undefined)
