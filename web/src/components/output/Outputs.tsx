import { Download, Maximize2, Table2 } from 'lucide-react'
import { lazy, memo, Suspense, useCallback } from 'react'
import type { Block, BlockId } from '../../model/block'
import {
  formOf,
  imageUrl,
  plainText,
  vegaType,
  type DisplayOutput,
  type Output,
} from '../../core/output/output'
import { plainReason, type Live } from '../../core/run/live'
import { setPage, showFull } from '../../core/session/page'
import { tablesOf } from '../../core/table/tables_of'
import { useStore } from '../canvas/useStore'
import { Words } from '../ui/Words'
import { Failure } from './Failure'
import { Frame } from './Frame'
import { goToLine } from './go_to_line'
import { save } from './save_file'
import { Stream } from './Stream'
import { TablePreview } from './TablePreview'
import './output.css'

const Chart = lazy(() => import('./Chart'))
const JsonTree = lazy(() => import('./JsonTree'))
const Prose = lazy(() => import('./Prose'))
/** Outputs of a block that are in the DOM at once: the last ones. */
const most = 40

/** What a block shows, in order. What the last success showed stays, and is said to be older, until there is something new. */
interface Props {
  block: Block
  live: Live
  /** Its card has the focus. */
  active: boolean
}
export const Outputs = memo(function Outputs({ block, live, active }: Props) {
  const waiting = live.outputs.length === 0 && (live.kept?.length ?? 0) > 0
  const outputs = waiting ? live.kept! : live.outputs
  const onLine = useCallback((line: number) => goToLine(block.id, line), [block.id])
  if (outputs.length === 0) return null
  const shown = outputs.slice(-most)
  const older = waiting ? 'From the run before' : live.state === 'stale' ? olderWords(plainReason(live)) : ''
  return (
    <div className="outputs">
      {older && (
        <p className="older">
          <Words text={older} />
        </p>
      )}
      {shown.length < outputs.length && (
        <p className="note">{outputs.length - shown.length} outputs before these are full screen (Space).</p>
      )}
      {shown.map((output, i) => (
        <div className="output" key={outputs.length - shown.length + i}>
          <One output={output} block={block.id} onLine={onLine} active={active} />
          {output.type === 'display' && <Acts output={output} block={block} />}
        </div>
      ))}
    </div>
  )
})

const olderWords = (reason: string) =>
  reason === 'code changed' ? 'Results from before your edit' : `Results from before: ${reason}`

function Acts({ output, block }: { output: Output; block: Block }) {
  const store = useStore()
  const table = output.type === 'display' && formOf(output.data) === 'table'
  const tables = table ? tablesOf(block, store.variables(block.id)) : []
  const open = (name: string) => setPage({ table: { block: block.id, variable: name } })
  return (
    <span className="output-acts nodrag">
      {tables.length > 0 && (
        <button
          tabIndex={-1}
          aria-label="All rows"
          title={tables.length === 1 ? `All rows of ${tables[0]}` : 'All rows'}
          onClick={(event) => {
            const items = tables.map((name) => ({ title: name, onSelect: () => open(name) }))
            if (tables.length === 1) open(tables[0]!)
            else setPage({ menu: { label: 'Tables of this block', from: event.currentTarget, items } })
          }}
        >
          <Table2 size={13} />
        </button>
      )}
      <button
        tabIndex={-1}
        aria-label="Full screen"
        title="Full screen (Space)"
        onClick={() => showFull(block.id)}
      >
        <Maximize2 size={13} />
      </button>
      <button tabIndex={-1} aria-label="Save" title="Save" onClick={() => save(output, block.name)}>
        <Download size={13} />
      </button>
    </span>
  )
}

interface OneProps {
  output: Output
  block: BlockId
  onLine?: (line: number) => void
  big?: boolean
  active?: boolean
}
export const One = memo(function One({ output, block, onLine, big = false, active = big }: OneProps) {
  const room = big ? { most: 200_000 } : {}
  switch (output.type) {
    case 'text':
      return (
        <Stream
          text={output.text}
          error={output.stream === 'stderr'}
          {...room}
          {...(onLine && output.stream === 'stderr' && { onLine })}
        />
      )
    case 'display':
      return (
        <Suspense fallback={<div className="frame waiting" />}>
          <Display output={output} active={active} {...room} />
        </Suspense>
      )
    case 'error':
      return <Failure error={output} block={block} active={active} />
  }
})

function Display({
  output: { data },
  most,
  active,
}: {
  output: DisplayOutput
  most?: number
  active: boolean
}) {
  const text = plainText(data)
  const label = text.slice(0, 200)
  switch (formOf(data)) {
    case 'table':
      return <TablePreview html={String(data['text/html'])} active={active} />
    case 'image':
      return <img className="plot" src={imageUrl(data)} alt={label || 'Figure'} draggable={false} />
    case 'frame':
      return <Frame html={String(data['text/html'])} label={label || 'HTML output'} />
    case 'plotly':
      return (
        <Chart library="plotly" figure={data['application/vnd.plotly.v1+json']} label={label || 'Figure'} />
      )
    case 'vega':
      return <Chart library="vega" figure={data[vegaType(data)!]} label={label || 'Chart'} />
    case 'markdown':
      return <Prose text={String(data['text/markdown'] ?? data['text/latex'])} />
    case 'json':
      return <JsonTree value={data['application/json']} />
    case 'text':
      return <Stream text={text} {...(most !== undefined && { most })} />
  }
}
