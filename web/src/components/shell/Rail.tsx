import { ChartNoAxesColumn, FolderOpen, Keyboard, ListTree, PanelRight, Settings } from 'lucide-react'
import type { ReactNode } from 'react'
import { backToStage } from '../../core/command/regions'
import { narrow, page, say, setPage, usePage, type Side } from '../../core/session/page'
import { navigate } from '../../core/session/route'
import { Logo } from './Logo'

/** Shows and hides the panels; the way home and to the settings. */
export function Rail() {
  const inspector = usePage((p) => p.inspector)
  // With no block selected there is no inspector to see.
  const seen = usePage((p) => p.inspector && p.selection.ids.size > 0)
  return (
    <nav className="rail" aria-label="Panels" onClick={backToStage}>
      <a
        href="/"
        className="logo"
        aria-label="All canvases"
        onClick={(event) => {
          if (event.metaKey || event.ctrlKey || event.shiftKey) return
          event.preventDefault()
          navigate('/')
        }}
      >
        <Logo />
      </a>
      <Show side="outline" word="Outline" icon={<ListTree size={18} strokeWidth={1.6} />} />
      <Show side="files" word="Files" icon={<FolderOpen size={18} strokeWidth={1.6} />} />
      <Show side="runs" word="Runs" icon={<ChartNoAxesColumn size={18} strokeWidth={1.6} />} />
      <button
        aria-pressed={seen}
        title="What there is to know and set about the selected block"
        onClick={() => {
          setPage({ inspector: !inspector })
          if (!inspector && page().selection.ids.size === 0)
            say('The inspector is shown with a block: select one.')
        }}
      >
        <PanelRight size={18} strokeWidth={1.6} />
        <span>Inspector</span>
      </button>
      <span className="space" />
      <button onClick={() => setPage({ dialog: 'keys' })}>
        <Keyboard size={18} strokeWidth={1.6} />
        <span>Keys</span>
      </button>
      <button onClick={() => navigate('/settings')}>
        <Settings size={18} strokeWidth={1.6} />
        <span>Settings</span>
      </button>
    </nav>
  )
}

const room = () => (narrow() ? { inspector: false } : {})

function Show({ side, word, icon }: { side: Side; word: string; icon: ReactNode }) {
  const shown = usePage((p) => p.panel && p.side === side)
  return (
    <button
      aria-pressed={shown}
      onClick={() => setPage(shown ? { panel: false } : { panel: true, side, ...room() })}
    >
      {icon}
      <span>{word}</span>
    </button>
  )
}
