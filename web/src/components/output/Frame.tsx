import { useMemo } from 'react'
import { usePage } from '../../core/session/page'
import { framePage, scriptData } from './frame_page'

interface Props {
  label: string
  html?: string
  plotly?: unknown
}
/** Untrusted HTML, SVG or a figure in a frame with an opaque origin. */
export function Frame({ label, html, plotly }: Props) {
  const theme = usePage((p) => p.theme)
  const page = useMemo(() => {
    const ink = getComputedStyle(document.documentElement).getPropertyValue('--ink')
    // plotly.js comes with the server's assets; until then its data is shown.
    const body =
      html ?? `<pre id="figure"></pre><script>figure.textContent=${scriptData(scriptData(plotly))}</script>`
    return framePage(body, theme && ink)
  }, [html, plotly, theme])
  return (
    <iframe
      className="frame"
      title={label}
      sandbox="allow-scripts"
      referrerPolicy="no-referrer"
      loading="lazy"
      srcDoc={page}
    />
  )
}
