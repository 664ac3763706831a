import { useQuery } from '@tanstack/react-query'
import { useMemo, useState } from 'react'
import type { Block } from '../../model/block'
import { hunks, lineDiff } from '../../model/line_diff'
import { answer, api, type Schemas } from '../../core/api/client'
import { sentenceOf } from '../../core/api/problem'
import { say } from '../../core/session/page'
import { ago } from '../../core/session/time'
import { useMayNot, useStore } from '../canvas/useStore'
import { Button } from '../ui/Button'
import { usePages } from './usePages'

type Revision = Schemas['Revision']

/** Every text that the block had; one opens to what differs from now, and can be taken back. */
export function Revisions({ block }: { block: Block }) {
  const { id: canvas, version } = useStore()
  const [open, setOpen] = useState<number>()
  const list = usePages(['revisions', canvas, block.id, version], (cursor) =>
    answer(
      api.GET('/canvases/{canvas}/blocks/{block}/revisions', {
        params: {
          path: { canvas, block: block.id },
          query: { limit: 30, ...(cursor !== undefined && { cursor }) },
        },
      }),
    ),
  )
  if (list.error) return <p className="nothing">{sentenceOf(list.error)}</p>
  const revisions = list.items ?? []
  if (list.items && revisions.length === 0)
    return <p className="nothing">Texts of this block appear here as it is edited.</p>
  return (
    <section className="revisions">
      <h3>Texts</h3>
      <ul>
        {revisions.map((revision, i) => (
          <li key={revision.revision}>
            <button
              aria-expanded={open === revision.revision}
              onClick={() => setOpen(open === revision.revision ? undefined : revision.revision)}
            >
              <span>{i === 0 ? 'Now' : ago(revision.at_ms)}</span>
              <small>{revision.actor === 'folder' ? 'in the folder' : revision.actor}</small>
              <Lines revision={revision} />
            </button>
            {open === revision.revision && <Difference block={block} revision={revision} />}
          </li>
        ))}
      </ul>
      {list.more && <Button onClick={list.more}>Older texts</Button>}
    </section>
  )
}

function Lines({ revision: { lines_added: added, lines_removed: removed } }: { revision: Revision }) {
  return (
    <em>
      {added > 0 && <b className="added">+{added}</b>} {removed > 0 && <b className="removed">−{removed}</b>}
    </em>
  )
}

function Difference({ block, revision }: { block: Block; revision: Revision }) {
  const store = useStore()
  const mayNot = useMayNot('editor')
  const path = { canvas: store.id, block: block.id, revision: revision.revision }
  const found = useQuery({
    queryKey: ['revision', path],
    staleTime: Infinity,
    queryFn: () =>
      answer(api.GET('/canvases/{canvas}/blocks/{block}/revisions/{revision}', { params: { path } })),
  })
  const code = found.data?.code
  const lines = useMemo(
    () => (code === undefined ? [] : hunks(lineDiff(block.code, code))),
    [block.code, code],
  )
  if (found.isError) return <p className="nothing">{sentenceOf(found.error)}</p>
  if (code === undefined) return null
  if (code === block.code) return <p className="nothing">This is the text that it has now.</p>
  return (
    <div className="difference">
      <p>What would change:</p>
      <pre>
        {lines.map((line, i) => (
          <span key={i} className={line?.kind ?? 'cut'}>
            {line ? `${{ same: ' ', added: '+', removed: '−' }[line.kind]} ${line.text}` : '⋯'}
            {'\n'}
          </span>
        ))}
      </pre>
      <Button
        small
        disabled={!!mayNot}
        title={mayNot}
        onClick={() => {
          store.setText(block.id, code)
          say(`${block.name} has its text of ${ago(revision.at_ms)} again.`, {
            label: 'Undo',
            run: () => void store.undo(),
          })
        }}
      >
        Restore this text
      </Button>
    </div>
  )
}
