import { sentenceOf } from '../../core/api/problem'
import { say } from '../../core/session/page'
import { prefer, usePreferences, type ThemeChoice } from '../../core/session/preferences'
import { roleWords } from '../../core/session/role'
import { signOut, useSession } from '../../core/session/session'
import { Button } from '../ui/Button'
import { ChangeName, ChangePassword } from './Account'
import { Part } from './Part'

const themes: readonly (readonly [ThemeChoice, string])[] = [
  ['system', 'Like the system'],
  ['light', 'Light'],
  ['dark', 'Dark'],
]

/** Who one is here, and how one likes it. */
export default function Profile() {
  const session = useSession()
  const { theme, singleKeys } = usePreferences()
  if (session.state !== 'in') return null
  const { user, team, version } = session.session
  return (
    <>
      <Part title="Profile">
        {team && <ChangeName name={user.name} />}
        <dl>
          {!team && (
            <>
              <dt>Name</dt>
              <dd>{user.name}</dd>
            </>
          )}
          {user.email !== undefined && (
            <>
              <dt>E-mail</dt>
              <dd>{user.email}</dd>
            </>
          )}
          {user.role && (
            <>
              <dt>Role</dt>
              <dd>
                {user.role}
                {team && <small>: you may {roleWords[user.role]}</small>}
              </dd>
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
      {team && (
        <Part title="Password" about="Your other sessions end with the old one; API tokens go on.">
          <ChangePassword email={user.email} />
        </Part>
      )}
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
    </>
  )
}
