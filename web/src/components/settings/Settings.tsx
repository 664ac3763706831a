import { ArrowLeft } from 'lucide-react'
import type { ReactNode } from 'react'
import { sentenceOf } from '../../core/api/problem'
import { say } from '../../core/session/page'
import { prefer, usePreferences, type ThemeChoice } from '../../core/session/preferences'
import { navigate } from '../../core/session/route'
import { signOut, useSession } from '../../core/session/session'
import { Queries } from '../shell/Queries'
import { Button } from '../ui/Button'
import { Sessions } from './Sessions'
import { Tokens } from './Tokens'
import './settings.css'

const themes: readonly (readonly [ThemeChoice, string])[] = [
  ['system', 'Like the system'],
  ['light', 'Light'],
  ['dark', 'Dark'],
]

export default function Settings() {
  return (
    <Queries>
      <All />
    </Queries>
  )
}

/** Who one is here, and how one likes it. */
function All() {
  const session = useSession()
  const { theme, singleKeys } = usePreferences()
  if (session.state !== 'in') return null
  const { user, version } = session.session
  return (
    <div className="settings">
      <header>
        <Button look="icon" aria-label="All canvases" onClick={() => navigate('/')}>
          <ArrowLeft size={16} />
        </Button>
        <h1>Settings</h1>
      </header>
      <main>
        <Part title="Profile">
          <dl>
            <dt>Name</dt>
            <dd>{user.name}</dd>
            {user.email !== undefined && (
              <>
                <dt>E-mail</dt>
                <dd>{user.email}</dd>
              </>
            )}
            {user.role && (
              <>
                <dt>Role</dt>
                <dd>{user.role}</dd>
              </>
            )}
            {version !== undefined && (
              <>
                <dt>Easel</dt>
                <dd>{version}</dd>
              </>
            )}
          </dl>
          <Button onClick={() => void signOut().catch((error) => say(sentenceOf(error)))}>Sign out</Button>
        </Part>
        <Part title="Sessions" about="Where you are signed in. One that you end is signed out at once.">
          <Sessions />
        </Part>
        <Part title="API tokens" about="For programs that use the API: Authorization: Bearer TOKEN.">
          <Tokens />
        </Part>
        <Part title="Appearance" about="Kept in this browser.">
          <fieldset className="choice">
            <legend className="hidden-text">Theme</legend>
            {themes.map(([value, word]) => (
              <label key={value}>
                <input
                  type="radio"
                  name="theme"
                  checked={theme === value}
                  onChange={() => prefer({ theme: value })}
                />
                <span className={`swatch ${value}`} aria-hidden="true" />
                {word}
              </label>
            ))}
          </fieldset>
        </Part>
        <Part title="Keyboard" about="Kept in this browser. ? on a canvas shows all keys.">
          <label className="check">
            <input
              type="checkbox"
              checked={singleKeys}
              onChange={(event) => prefer({ singleKeys: event.target.checked })}
            />
            Single keys act on the stage (R R runs, F focuses, 1 adds Python)
          </label>
          <p className="about">Turn them off if you speak to your computer, or if they fire by mistake.</p>
        </Part>
      </main>
    </div>
  )
}

function Part({ title, about, children }: { title: string; about?: string; children: ReactNode }) {
  return (
    <section>
      <h2>{title}</h2>
      {about !== undefined && <p className="about">{about}</p>}
      {children}
    </section>
  )
}
