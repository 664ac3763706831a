import { ArrowLeft } from 'lucide-react'
import { Suspense, type MouseEvent } from 'react'
import { navigate, settingsPath } from '../../core/session/route'
import { useSession } from '../../core/session/session'
import { Stop } from '../login/Stop'
import { Queries } from '../shell/Queries'
import { Button } from '../ui/Button'
import { sectionsFor } from './sections'
import './settings.css'

/** Who one is here and how one likes it, who else is here, and how the server is set. */
export default function Settings({ section = 'profile' }: { section: string | undefined }) {
  const session = useSession()
  if (session.state !== 'in') return null
  const all = sectionsFor(session.session)
  const shown = all.find(({ id }) => id === section)
  if (!shown) return <Stop title="There is nothing here" text="No settings of yours have this address." />
  const Page = shown.page
  return (
    <div className="settings">
      <header>
        <Button look="icon" aria-label="All canvases" onClick={() => navigate('/')}>
          <ArrowLeft size={16} />
        </Button>
        <h1>Settings</h1>
      </header>
      <nav aria-label="Settings">
        {(['You', 'Team', 'Server'] as const).map((group) => {
          const members = all.filter((one) => one.group === group)
          return (
            members.length > 0 && (
              <ul key={group} aria-label={group}>
                {members.map(({ id, title, icon: Icon }) => (
                  <li key={id}>
                    <a
                      href={settingsPath(id)}
                      aria-current={id === shown.id ? 'page' : undefined}
                      onClick={(event) => follow(event, id)}
                    >
                      <Icon size={16} strokeWidth={1.7} />
                      {title}
                    </a>
                  </li>
                ))}
              </ul>
            )
          )
        })}
      </nav>
      {/* It scrolls, and a section need not hold anything that takes the focus. */}
      <main key={shown.id} tabIndex={0} aria-label={shown.title}>
        <Queries>
          <Suspense>
            <Page />
          </Suspense>
        </Queries>
      </main>
    </div>
  )
}

function follow(event: MouseEvent, section: string): void {
  if (event.metaKey || event.ctrlKey || event.shiftKey) return
  event.preventDefault()
  navigate(settingsPath(section))
}
