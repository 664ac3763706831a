import { create } from 'zustand'
import { answer, api, whenSignedOut, type Schemas } from '../api/client'
import { Problem, sentenceOf } from '../api/problem'
import { whyNot, type Role } from './role'
import { takeToken } from './route'

export type Session = Schemas['Session']

/**
 *   asking ──200──> in ──401──> out
 *      └──401──> out ──token──> in        no answer: unreachable, asked again
 */
export type SessionState =
  | { readonly state: 'asking' }
  | { readonly state: 'in'; readonly session: Session }
  | { readonly state: 'out'; readonly problem?: string }
  | { readonly state: 'unreachable'; readonly problem: string }

export const useSession = create<SessionState>()(() => ({ state: 'asking' }))
const place = 'easel.signed_in'
const set = (state: SessionState) => {
  useSession.setState(state, true)
  try {
    if (state.state === 'in') localStorage.setItem(place, 'yes')
    if (state.state === 'out') localStorage.removeItem(place)
  } catch {
    // A browser that keeps nothing waits a little longer for its first page.
  }
}
/** Somebody was signed in here when a page was last looked at. */
export function wasIn(): boolean {
  try {
    return localStorage.getItem(place) !== null
  } catch {
    return false
  }
}

/** Find out who is asking: by the token of the address, if there is one, or by the cookie. */
export async function begin(): Promise<void> {
  whenSignedOut(() => {
    if (useSession.getState().state === 'in') set({ state: 'out', problem: 'Your session has ended.' })
  })
  const token = takeToken()
  set({ state: 'asking' })
  try {
    if (token === undefined) set({ state: 'in', session: await answer(api.GET('/session')) })
    else await signIn({ token })
  } catch (error) {
    const none = error instanceof Problem && (error.status === 401 || error.status === 403)
    set(none ? { state: 'out' } : { state: 'unreachable', problem: sentenceOf(error) })
  }
}

/** Sign in; a refusal is shown on the page that asks. A used token is no trouble for who is signed in already. */
export async function signIn(body: Schemas['SignIn']): Promise<void> {
  try {
    set({ state: 'in', session: await answer(api.POST('/session', { body })) })
  } catch (error) {
    if (error instanceof Problem && error.status === 0) throw error
    try {
      set({ state: 'in', session: await answer(api.GET('/session')) })
    } catch {
      set({ state: 'out', problem: sentenceOf(error) })
    }
  }
}

/** Somebody signed in by another way than `signIn`, or is called differently now. */
export function enter(session: Session): void {
  set({ state: 'in', session })
}

/** Why the person may not do, on the workspace, what asks for a role; undefined if they may. */
export function whyNotHere(least: Role): string | undefined {
  const now = useSession.getState()
  return whyNot(now.state === 'in' ? now.session.user.role : undefined, least)
}

export async function signOut(): Promise<void> {
  await answer(api.DELETE('/session'))
  set({ state: 'out', problem: 'You signed out.' })
}
