import { useEffect, useRef, useState } from 'react'
import { usePage } from '../../core/session/page'
import { framePage } from './frame_page'
import { framePath, narrowFrames } from './frame_policy'

interface Props {
  label: string
  /** Untrusted. */
  html: string
  /** Script of ours that runs before it. */
  own?: readonly string[]
}
narrowFrames()

const least = 40
const most = 4000

/** Untrusted HTML in a frame with an opaque origin. All that comes out of it is a height, which is bounded. */
export function Frame({ label, html, own }: Props) {
  const theme = usePage((p) => p.theme)
  const frame = useRef<HTMLIFrameElement>(null)
  const [height, setHeight] = useState<number>()
  useEffect(() => {
    const target = frame.current?.contentWindow
    let given = false
    const hear = (event: MessageEvent) => {
      if (event.source !== target || !target || typeof event.data !== 'object' || event.data === null) return
      const { easel, height } = event.data as { easel?: unknown; height?: unknown }
      if (easel === 'frame-ready' && !given) {
        given = true
        const style = getComputedStyle(document.documentElement)
        const look = {
          ink: style.getPropertyValue('--ink'),
          line: style.getPropertyValue('--line'),
          dark: theme === 'dark',
        }
        // Its origin is opaque, which no target origin can name.
        target.postMessage({ html: framePage(html, look, own) }, '*')
      }
      if (easel === 'frame-height' && typeof height === 'number' && Number.isFinite(height))
        setHeight(Math.min(most, Math.max(least, height)))
    }
    addEventListener('message', hear)
    return () => removeEventListener('message', hear)
  }, [html, own, theme])
  return (
    <iframe
      key={theme}
      ref={frame}
      className="frame"
      title={label}
      sandbox="allow-scripts"
      referrerPolicy="no-referrer"
      allow=""
      src={framePath}
      style={height === undefined ? undefined : { height }}
    />
  )
}
