import { memo, useMemo } from 'react'
import { ansi } from '../../core/output/ansi'
import { formOf, imageUrl, type DisplayOutput, type ErrorOutput, type Output } from '../../core/output/output'
import type { Live } from '../../core/run/live'
import { Frame } from './Frame'
import { TablePreview } from './TablePreview'
import './output.css'

/** What a block shows, in order; while it runs or after it failed, its last good result is said to be kept. */
export const Outputs = memo(function Outputs({ live }: { live: Live }) {
  if (live.outputs.length === 0) return null
  return (
    <div className="outputs">
      {live.state === 'stale' && <p className="older">Older than the code: {live.reason}</p>}
      {live.outputs.map((output, i) => (
        <One key={i} output={output} />
      ))}
    </div>
  )
})

const One = memo(function One({ output }: { output: Output }) {
  switch (output.type) {
    case 'text':
      return <Stream text={output.text} error={output.stream === 'stderr'} />
    case 'display':
      return <Display output={output} />
    case 'error':
      return <Failure error={output} />
  }
})

function Stream({ text, error }: { text: string; error?: boolean }) {
  const pieces = useMemo(() => ansi(text.slice(-20_000)), [text])
  return (
    <pre className={error ? 'stream stderr' : 'stream'}>
      {pieces.map((piece, i) => (
        <span key={i} className={`${piece.colour ? `ansi-${piece.colour}` : ''}${piece.bold ? ' bold' : ''}`}>
          {piece.text}
        </span>
      ))}
    </pre>
  )
}

function Display({ output: { data } }: { output: DisplayOutput }) {
  const plain = data['text/plain']
  const text = typeof plain === 'string' ? plain : ''
  switch (formOf(data)) {
    case 'table':
      return <TablePreview html={String(data['text/html'])} />
    case 'image':
      return <img className="plot" src={imageUrl(data)} alt={text} draggable={false} />
    case 'frame':
      return <Frame html={String(data['text/html'] ?? data['image/svg+xml'])} label={text || 'HTML output'} />
    case 'plotly':
      return <Frame plotly={data['application/vnd.plotly.v1+json']} label={text || 'plotly figure'} />
    case 'text':
      return <Stream text={text} />
  }
}

function Failure({ error }: { error: ErrorOutput }) {
  return (
    <div className="failure nodrag nowheel">
      <p>
        <b>
          {error.line !== null && `Line ${error.line}: `}
          {error.ename}
        </b>
      </p>
      <p>{error.evalue}</p>
      <details>
        <summary>Traceback</summary>
        <pre>{error.traceback}</pre>
      </details>
    </div>
  )
}
