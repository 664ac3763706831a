import type { Block } from '../../model/block'
import { answer, api, type Schemas } from '../../core/api/client'
import { sentenceOf } from '../../core/api/problem'
import { clock } from '../../core/session/time'
import { useLive, useStore } from '../canvas/useStore'
import { Button } from '../ui/Button'
import { usePages } from './usePages'

/** Each time the block was run, newest first. */
export function Attempts({ block }: { block: Block }) {
  const { id: canvas } = useStore()
  const { attempt, state } = useLive(block.id)
  const list = usePages(['attempts', canvas, block.id, attempt, state], (cursor) =>
    answer(
      api.GET('/canvases/{canvas}/blocks/{block}/attempts', {
        params: {
          path: { canvas, block: block.id },
          query: { limit: 20, ...(cursor !== undefined && { cursor }) },
        },
      }),
    ),
  )
  if (list.error) return <p className="nothing">{sentenceOf(list.error)}</p>
  const attempts = list.items ?? []
  if (list.items && attempts.length === 0) return <p className="nothing">This block has not run yet.</p>
  return (
    <section className="attempts">
      <h3>Attempts</h3>
      <ul>
        {attempts.map((a) => (
          <li key={a.attempt} title={`${a.attempt}${failureOf(a)}`}>
            <i className={a.status} />
            <span>{clock(a.started_ms)}</span>
            <small>{a.status}</small>
            <em>{seconds(a)}</em>
          </li>
        ))}
      </ul>
      {list.more && <Button onClick={list.more}>Older attempts</Button>}
    </section>
  )
}

function failureOf({ failure }: Schemas['Attempt']): string {
  const message = (failure as { message?: unknown } | undefined)?.message
  return typeof message === 'string' ? `\n${message}` : ''
}
function seconds({ started_ms, finished_ms }: Schemas['Attempt']): string {
  return typeof finished_ms === 'number' ? `${((finished_ms - started_ms) / 1000).toFixed(2)} s` : ''
}
