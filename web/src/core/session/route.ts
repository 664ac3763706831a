import { create } from 'zustand'

/** Where one is, as the address says it. */
export type Route =
  | { readonly page: 'home' }
  | { readonly page: 'canvas'; readonly canvas: string }
  | { readonly page: 'settings' }
  | { readonly page: 'missing' }

export function routeOf(path: string): Route {
  const [first, second, ...more] = path.split('/').filter(Boolean).map(decoded)
  if (first === undefined) return { page: 'home' }
  if (first === 'c' && second !== undefined && more.length === 0) return { page: 'canvas', canvas: second }
  if (first === 'settings' && second === undefined) return { page: 'settings' }
  return { page: 'missing' }
}
export const canvasPath = (canvas: string) => `/c/${encodeURIComponent(canvas)}`

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

/** The one-time token of `#token=…`, taken out of the address so that it is neither kept nor shared. */
export function takeToken(): string | undefined {
  const token = new URLSearchParams(location.hash.slice(1)).get('token') ?? undefined
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
