import { ListTree, ChartNoAxesGantt, PanelRight, Keyboard, Moon, Sun } from 'lucide-react'
import { setPage, usePage } from '../../core/session/page'

/** Shows and hides the panels. */
export function Rail() {
  const { panel, drawer, inspector, theme } = usePage()
  return (
    <nav className="rail" aria-label="Panels">
      <svg className="logo" width="26" height="26" viewBox="0 0 24 24" aria-hidden="true">
        <rect x="3" y="4" width="18" height="12" rx="2.5" fill="var(--accent)" />
        <path
          d="M6.5 12.5l3.4-3.6 2.6 2.4 4.6-4.4"
          fill="none"
          stroke="var(--on-accent)"
          strokeWidth="1.7"
          strokeLinecap="round"
          strokeLinejoin="round"
        />
        <path
          d="M12 2v2M8.5 16L6 22M15.5 16L18 22M12 16v3"
          stroke="var(--accent)"
          strokeWidth="1.8"
          strokeLinecap="round"
        />
      </svg>
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
      <button onClick={() => setPage({ theme: theme === 'light' ? 'dark' : 'light' })}>
        {theme === 'light' ? <Moon size={18} strokeWidth={1.6} /> : <Sun size={18} strokeWidth={1.6} />}
        <span>{theme === 'light' ? 'Dark' : 'Light'}</span>
      </button>
    </nav>
  )
}
