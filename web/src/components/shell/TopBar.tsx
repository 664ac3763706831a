import { ChevronDown, Play, Search, Square } from 'lucide-react'
import { useMemo, type MouseEvent } from 'react'
import { commandNamed } from '../../core/command/commands'
import { setPage } from '../../core/session/page'
import { navigate } from '../../core/session/route'
import { useDesk, useVersion } from '../canvas/useStore'
import { Button } from '../ui/Button'
import { Menu } from '../ui/Menu'
import { Others } from './Others'
import { Saved } from './Saved'
import { useCounts } from '../run/useCounts'

const home = (event: MouseEvent) => {
  if (event.metaKey || event.ctrlKey || event.shiftKey) return
  event.preventDefault()
  navigate('/')
}

/** Where one is, what to look for, and Run. */
export function TopBar() {
  const desk = useDesk()
  useVersion()
  const { changed, running } = useCounts()
  const items = useMemo(
    () =>
      ['run.changed', 'run.all', 'run.all.force', 'run.up_to', 'run.from', 'run.cancel'].map((id) => {
        const { title, keys, run } = commandNamed(id)
        return { title, keys: keys[0], onSelect: () => run(desk) }
      }),
    [desk],
  )
  return (
    <header className="top">
      <div className="where">
        <a href="/" onClick={home}>
          Canvases
        </a>
        <span aria-hidden="true">/</span>
        <h1>{desk.store.name}</h1>
        <Saved />
      </div>
      <button className="search" onClick={() => setPage({ dialog: 'palette' })}>
        <Search size={14} />
        <span>Search or run a command</span>
        <kbd>Ctrl K</kbd>
      </button>
      <div className="run">
        <Others />
        {running ? (
          <Button look="primary" onClick={() => desk.store.cancel()}>
            <Square size={11} fill="currentColor" /> Cancel run
          </Button>
        ) : (
          <Button look="primary" onClick={() => commandNamed('run.changed').run(desk)}>
            <Play size={12} fill="currentColor" /> Run changed {changed > 0 && <em>{changed}</em>}
          </Button>
        )}
        <Menu
          trigger={
            <Button look="primary" aria-label="Other ways to run">
              <ChevronDown size={14} />
            </Button>
          }
          items={items}
        />
      </div>
    </header>
  )
}
