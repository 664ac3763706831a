import { lazy, Suspense } from 'react'
import { useRoute } from '../../core/session/route'
import { useSession } from '../../core/session/session'
import { Login } from '../login/Login'
import { Stop } from '../login/Stop'
import { Boundary } from './Boundary'
import { Notice } from './Notice'

// Each page comes by itself: whoever signs in does not load the stage.
const Home = lazy(() => import('../home/Home'))
const CanvasPage = lazy(() => import('./CanvasPage'))
const Handed = lazy(() => import('../login/Handed'))
const Settings = lazy(() => import('../settings/Settings'))

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
