import { X } from 'lucide-react'
import type { ReactNode } from 'react'
import { setPage, usePage, type DrawerTab } from '../../core/session/page'
import { useMayNot, useStore } from '../canvas/useStore'
import { Button } from '../ui/Button'
import { Log } from './Log'
import { Problems } from './Problems'
import { Timeline } from './Timeline'
import { useCounts } from './useCounts'
import './run.css'

const tabs: readonly (readonly [DrawerTab, string])[] = [
  ['run', 'Run'],
  ['log', 'Log'],
  ['problems', 'Problems'],
]

/** Below the stage: the run on a time axis, what a block wrote, and what went wrong. */
export function RunDrawer() {
  const store = useStore()
  const tab = usePage((p) => p.tab)
  const { failed, running } = useCounts()
  const mayNot = useMayNot('runner')
  const contents: Record<DrawerTab, ReactNode> = { run: <Timeline />, log: <Log />, problems: <Problems /> }
  const onKeyDown = (event: React.KeyboardEvent) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key]
    if (step === undefined) return
    event.preventDefault()
    event.stopPropagation()
    const at = tabs.findIndex(([id]) => id === tab)
    const [next] = tabs[(at + step + tabs.length) % tabs.length]!
    setPage({ tab: next })
    event.currentTarget.querySelector<HTMLElement>(`#drawer-${next}`)?.focus()
  }
  return (
    <section className="drawer" aria-label="Drawer">
      <header>
        <div role="tablist" aria-label="Drawer" onKeyDown={onKeyDown}>
          {tabs.map(([id, title]) => (
            <button
              key={id}
              id={`drawer-${id}`}
              role="tab"
              aria-selected={tab === id}
              tabIndex={tab === id ? 0 : -1}
              onClick={() => setPage({ tab: id })}
            >
              {title}
              {id === 'problems' && failed > 0 && <em>{failed}</em>}
            </button>
          ))}
        </div>
        <span className="space" />
        {running && mayNot === undefined && (
          <Button small onClick={() => store.cancel()}>
            Cancel run
          </Button>
        )}
        <Button look="icon" aria-label="Close drawer" onClick={() => setPage({ drawer: false })}>
          <X size={14} />
        </Button>
      </header>
      <div role="tabpanel" aria-labelledby={`drawer-${tab}`} className="body">
        {contents[tab]}
      </div>
    </section>
  )
}
