import { create } from 'zustand'
import { setPage } from './page'

export type ThemeChoice = 'system' | 'light' | 'dark'

/** What a person prefers in this browser; kept in its storage, and not needed if that is closed to us. */
export interface Preferences {
  readonly theme: ThemeChoice
  /** Whether R, F, 1 and the like act on the stage. */
  readonly singleKeys: boolean
  /** Hints of the first run that were put away. */
  readonly hintsSeen: boolean
}
const standard: Preferences = { theme: 'system', singleKeys: true, hintsSeen: false }
const place = 'easel.preferences'

export const usePreferences = create<Preferences>()(() => ({ ...standard, ...stored() }))
export const preferences = usePreferences.getState

export function prefer(change: Partial<Preferences>): void {
  usePreferences.setState(change)
  try {
    localStorage.setItem(place, JSON.stringify(preferences()))
  } catch {
    // A browser that keeps nothing forgets it with the page.
  }
}

/** Follow the preferred theme, and the system's where that is preferred. */
export function watchTheme(): void {
  const dark = matchMedia('(prefers-color-scheme: dark)')
  const apply = () => {
    const { theme } = preferences()
    const now = theme === 'system' ? (dark.matches ? 'dark' : 'light') : theme
    document.documentElement.dataset['theme'] = now
    setPage({ theme: now })
  }
  apply()
  dark.addEventListener('change', apply)
  usePreferences.subscribe(apply)
}

function stored(): Partial<Preferences> {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(place) ?? '{}')
    return typeof found === 'object' && found ? found : {}
  } catch {
    return {}
  }
}
