import { createRoot } from 'react-dom/client'
import './styles/tokens.css'
import './styles/base.css'
import { fetchPage, Pages } from './components/shell/Pages'
import { watchTheme } from './core/session/preferences'
import { watchAddress } from './core/session/route'
import { begin } from './core/session/session'

watchTheme()
watchAddress()
fetchPage()
// Another sign-in link in a page that is open changes its hash only.
addEventListener('hashchange', () => void begin())
void begin()
createRoot(document.getElementById('root')!).render(<Pages />)
