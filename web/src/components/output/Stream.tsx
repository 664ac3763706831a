import { memo, useMemo } from 'react'
import { ansi } from '../../core/output/ansi'

interface Props {
  text: string
  error?: boolean
  /** Characters that are drawn at most: the end of the text. */
  most?: number
  /** Go to a line of the block's code. */
  onLine?: (line: number) => void
}
/** Text as a terminal shows it. "line 6" leads to that line. */
export const Stream = memo(function Stream({ text, error, most = 4000, onLine }: Props) {
  const shown = useMemo(() => {
    if (text.length <= most) return text
    const cut = text.slice(-most)
    return cut.slice(cut.indexOf('\n') + 1)
  }, [text, most])
  const pieces = useMemo(() => ansi(shown), [shown])
  return (
    <pre className={error ? 'stream stderr' : 'stream'}>
      {shown.length < text.length && (
        <span className="cut">
          {Math.round((text.length - shown.length) / 1000)} kB before this are in the log{'\n'}
        </span>
      )}
      {pieces.map(({ text, colour, bold, underline }, i) => (
        <span
          key={i}
          className={[colour && `ansi-${colour}`, bold && 'bold', underline && 'under']
            .filter(Boolean)
            .join(' ')}
        >
          {onLine ? withLines(text, onLine) : text}
        </span>
      ))}
    </pre>
  )
})

function withLines(text: string, onLine: (line: number) => void) {
  const parts = text.split(/(\bline \d{1,6}\b)/)
  if (parts.length === 1) return text
  return parts.map((part, i) =>
    i % 2 === 1 ? (
      <button key={i} className="to-line" tabIndex={-1} onClick={() => onLine(Number(part.slice(5)))}>
        {part}
      </button>
    ) : (
      part
    ),
  )
}
