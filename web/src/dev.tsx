import { createRoot } from 'react-dom/client'
import './styles/tokens.css'
import './styles/base.css'
import { App } from './components/shell/App'
import { Notice } from './components/shell/Notice'
import { setPage } from './core/session/page'
import type { Fixture } from './core/fixture/fixture'
import { prefer, watchTheme } from './core/session/preferences'

// The app on a fixture: ?canvas=quickstart (default), at_work or a number of generated blocks; ?theme=dark.
async function open(canvas: string) {
  const { openFixture } = await import('./core/fixture/fixture')
  if (/^\d+$/.test(canvas)) {
    const { generate } = await import('./core/fixture/generated')
    return openFixture(generate(Number(canvas)))
  }
  // A test's own.
  const { __easelFixture: given } = globalThis as { __easelFixture?: Fixture }
  if (canvas === 'given' && given) return openFixture(given)
  const { quickstart, atWork } = await import('./core/fixture/recorded')
  return openFixture(canvas === 'at_work' ? atWork : quickstart)
}
const asked = new URLSearchParams(location.search)
prefer({ theme: asked.get('theme') === 'dark' ? 'dark' : 'light' })
setPage({ drawer: asked.has('drawer') })
watchTheme()
if (asked.has('table')) {
  const { fixtureTable } = await import('./core/fixture/fixture_table')
  const { takeTablesFrom } = await import('./core/table/sources')
  takeTablesFrom(fixtureTable)
}
const store = await open(asked.get('canvas') ?? 'quickstart')
createRoot(document.getElementById('root')!).render(
  <>
    <App store={store} />
    <Notice />
  </>,
)
if (asked.has('table')) {
  const [block] = store.graph.blocks()
  setPage({ table: { block: block!.id, variable: 'sightings' } })
}
