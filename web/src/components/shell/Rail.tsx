import { ListTree, ChartNoAxesGantt, PanelRight, Keyboard, Moon, Sun } from 'lucide-react'
import { setPage, usePage } from '../../core/session/page'
import { prefer } from '../../core/session/preferences'
import { Logo } from './Logo'

/** Shows and hides the panels. */
export function Rail() {
  const { panel, drawer, inspector, theme } = usePage()
  return (
    <nav className="rail" aria-label="Panels">
      <Logo />
      <button aria-pressed={panel} onClick={() => setPage({ panel: !panel })}>
        <ListTree size={18} strokeWidth={1.6} />
        <span>Outline</span>
      </button>
      <button aria-pressed={drawer} onClick={() => setPage({ drawer: !drawer })}>
        <ChartNoAxesGantt size={18} strokeWidth={1.6} />
        <span>Runs</span>
      </button>
      <button aria-pressed={inspector} onClick={() => setPage({ inspector: !inspector })}>
        <PanelRight size={18} strokeWidth={1.6} />
        <span>Inspector</span>
      </button>
      <span className="space" />
      <button onClick={() => setPage({ dialog: 'keys' })}>
        <Keyboard size={18} strokeWidth={1.6} />
        <span>Keys</span>
      </button>
      <button onClick={() => prefer({ theme: theme === 'light' ? 'dark' : 'light' })}>
        {theme === 'light' ? <Moon size={18} strokeWidth={1.6} /> : <Sun size={18} strokeWidth={1.6} />}
        <span>{theme === 'light' ? 'Dark' : 'Light'}</span>
      </button>
    </nav>
  )
}
