import { ChevronDown, Search, Users } from 'lucide-react'
import type { MouseEvent } from 'react'
import { commandNamed } from '../../core/command/commands'
import { setPage } from '../../core/session/page'
import { navigate } from '../../core/session/route'
import { useSession } from '../../core/session/session'
import { useDesk, useVersion } from '../canvas/useStore'
import { RunBar } from '../run/RunBar'
import { Button } from '../ui/Button'
import { Others } from './Others'
import { Saved } from './Saved'

const home = (event: MouseEvent) => {
  if (event.metaKey || event.ctrlKey || event.shiftKey) return
  event.preventDefault()
  navigate('/')
}

/** Where one is, what to look for, and Run. */
export function TopBar() {
  const desk = useDesk()
  useVersion()
  const team = useSession((s) => s.state === 'in' && s.session.team)
  return (
    <header className="top">
      <div className="where">
        <a href="/" onClick={home}>
          Canvases
        </a>
        <span aria-hidden="true">/</span>
        <h1>{desk.store.name}</h1>
        <Button
          look="icon"
          aria-haspopup="menu"
          aria-label={`More for ${desk.store.name}`}
          onClick={(event) => {
            const items = ['export', 'keys', 'home'].map(commandNamed).map(({ title, run }) => ({
              title,
              onSelect: () => run(desk),
            }))
            setPage({ menu: { label: 'This canvas', from: event.currentTarget, items } })
          }}
        >
          <ChevronDown size={14} />
        </Button>
        <Saved />
      </div>
      <button className="search" onClick={() => setPage({ dialog: 'palette' })}>
        <Search size={14} />
        <span>Search or run a command</span>
        <kbd>Ctrl K</kbd>
      </button>
      <RunBar>
        <Others />
        {team && (
          <Button className="share" aria-label="Share" onClick={() => setPage({ dialog: 'share' })}>
            <Users size={14} /> <span className="word">Share</span>
          </Button>
        )}
      </RunBar>
    </header>
  )
}
