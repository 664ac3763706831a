import { lazy, Suspense } from 'react'
import { routeOf, tokenOfLink, useRoute } from '../../core/session/route'
import { useSession, wasIn } from '../../core/session/session'
import { Login } from '../login/Login'
import { Stop } from '../login/Stop'
import { Boundary } from './Boundary'
import { Notice } from './Notice'

// Each page comes by itself: whoever signs in does not load the stage.
const parts = {
  home: () => import('../home/Home'),
  canvas: () => import('./CanvasPage'),
  settings: () => import('../settings/Settings'),
}
const Home = lazy(parts.home)
const CanvasPage = lazy(parts.canvas)
const Settings = lazy(parts.settings)
const Handed = lazy(() => import('../login/Handed'))

/** Fetch the page that the address names while the server is asked who is there, unless that is most likely nobody. */
export function fetchPage(): void {
  const { page } = routeOf(location.pathname)
  if ((page === 'home' || page === 'canvas' || page === 'settings') && (wasIn() || tokenOfLink()))
    parts[page]().catch(() => undefined) // said when the page is shown
}

/** The whole app: who is asking first, then the page that the address names. */
export function Pages() {
  const session = useSession()
  const { page } = useRoute()
  if (page === 'setup' || page === 'join' || page === 'reset')
    return (
      <Suspense>
        <Handed page={page} />
      </Suspense>
    )
  switch (session.state) {
    case 'asking':
      return null
    case 'out':
      return <Login problem={session.problem} />
    case 'unreachable':
      return <Stop title="The server does not answer" text={session.problem} retry />
    case 'in':
      return (
        <>
          <Boundary>
            <Suspense>
              <Asked />
            </Suspense>
          </Boundary>
          <Notice />
        </>
      )
  }
}

function Asked() {
  const route = useRoute()
  switch (route.page) {
    case 'home':
      return <Home />
    case 'canvas':
      return <CanvasPage key={route.canvas} canvas={route.canvas} />
    case 'settings':
      return <Settings section={route.section} />
    case 'setup':
    case 'join':
    case 'reset':
      return null
    case 'missing':
      return <Stop title="There is nothing here" text="No page has this address." />
  }
}
