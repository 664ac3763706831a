import { create } from 'zustand'

/** Where one is, as the address says it. */
export type Route =
  | { readonly page: 'home' }
  | { readonly page: 'canvas'; readonly canvas: string }
  | { readonly page: 'settings'; readonly section: string | undefined }
  | { readonly page: HandedPage }
  | { readonly page: 'missing' }

/** Pages that a handed-over link opens, for somebody who need not be signed in. */
export type HandedPage = 'setup' | 'join' | 'reset'
const handed: readonly string[] = ['setup', 'join', 'reset'] satisfies HandedPage[]

export function routeOf(path: string): Route {
  const [first, second, ...more] = path.split('/').filter(Boolean).map(decoded)
  if (first === undefined) return { page: 'home' }
  if (first === 'c' && second !== undefined && more.length === 0) return { page: 'canvas', canvas: second }
  if (first === 'settings' && more.length === 0) return { page: 'settings', section: second }
  if (handed.includes(first) && second === undefined) return { page: first as HandedPage }
  return { page: 'missing' }
}
export const canvasPath = (canvas: string) => `/c/${encodeURIComponent(canvas)}`
export const settingsPath = (section: string) => `/settings/${section}`

export const useRoute = create<Route>()(() => ({ page: 'home' }))
const follow = () => useRoute.setState(routeOf(location.pathname), true)

/** Take the route from the address, now and when the person goes back or forth. */
export function watchAddress(): void {
  follow()
  addEventListener('popstate', follow)
}
export function navigate(path: string): void {
  history.pushState(null, '', path)
  follow()
}
/** Go on without a way back: from a link that is used up. */
export function replace(path: string): void {
  history.replaceState(null, '', path)
  follow()
}

/** What `#token=…` says; a handed-over link keeps it until it is used, so that the form survives a reload. */
export const tokenOfLink = () => new URLSearchParams(location.hash.slice(1)).get('token') ?? undefined

/** The one-time token of a sign-in link, taken out of the address so that it is neither kept nor shared. */
export function takeToken(): string | undefined {
  const route = routeOf(location.pathname)
  if (handed.includes(route.page)) return undefined
  const token = tokenOfLink()
  if (token !== undefined) history.replaceState(null, '', location.pathname + location.search)
  return token
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}
