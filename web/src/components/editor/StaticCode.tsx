import { memo, useEffect, useLayoutEffect, useRef, useState, type CSSProperties } from 'react'
import type { Kind } from '../../model/block'
import './code.css'

// The parsers, 117 kB, come after the first picture: cards show plain text until then. Fetched with the app they would
// be read before it.
let ready: typeof import('./highlight') | undefined
let loading: Promise<unknown> | undefined
const afterFrame = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))
const load = () =>
  (loading ??= afterFrame()
    .then(() => import('./highlight'))
    .then(
      (module) => (ready = module),
      () => (loading = undefined), // the server is away: the next card asks again
    ))
const most = 24
const lineHeight = 18

interface Props {
  code: string
  kind: Kind
  badLine?: number
}
/** Code as the editor shows it, without an editor. */
export const StaticCode = memo(function StaticCode({ code, kind, badLine }: Props) {
  const [, again] = useState(0)
  useEffect(() => {
    if (!ready) void load().then(() => again(1))
  }, [])
  const box = useRef<HTMLPreElement>(null)
  useLayoutEffect(() => {
    // Where something failed is to be seen, however small the card is.
    box.current!.scrollTop = badLine === undefined ? 0 : (badLine - 2) * lineHeight
  }, [badLine])
  // The line end that a file has is no line to show.
  const text = code
    .replace(/\n$/, '')
    .split('\n', Math.max(most, (badLine ?? 0) + 2))
    .join('\n')
  const lines = ready
    ? ready.highlighted(text, kind)
    : text.split('\n').map((line) => [{ text: line, className: '' }])
  return (
    <pre ref={box} className="code" style={{ '--lines': lines.length } as CSSProperties}>
      {lines.map((tokens, i) => (
        <span key={i} className={i + 1 === badLine ? 'line bad' : 'line'}>
          <i>{i + 1}</i>
          {tokens.map((token, j) => (
            <span key={j} className={token.className}>
              {token.text}
            </span>
          ))}
          {'\n'}
        </span>
      ))}
    </pre>
  )
})
