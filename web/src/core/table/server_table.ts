import { answer, api } from '../api/client'
import type { Schemas } from '../api/client'
import type { Asked, Cells, Found, OnProgress, Page, Summary, TableAbout, TableSource } from './table_source'

type Work = Schemas['TableWork']
type Reply<T> = { data?: T | Work; error?: unknown; response: Response }

/** A table of the server. What takes long is asked for again until it is there. */
export function serverTable(canvas: string, block: string, variable: string, attempt?: string): TableSource {
  const path = { canvas, block, variable }
  async function ask<T>(
    send: (signal: AbortSignal) => Promise<Reply<T>>,
    signal: AbortSignal,
    progress: OnProgress,
  ): Promise<T> {
    for (;;) {
      let status = 0
      const found = await answer(
        send(signal).then((reply) => {
          status = reply.response.status
          return reply
        }),
      )
      if (status !== 202) return found as T
      const { work, done } = found as Work
      if (signal.aborted) {
        void api.DELETE('/canvases/{canvas}/blocks/{block}/tables/{variable}/work/{work}', {
          params: { path: { ...path, work } },
        })
        throw new DOMException('stopped', 'AbortError')
      }
      progress(done)
    }
  }
  const body = (asked: Asked) => asked as unknown as Schemas['TableQuery']
  const params = { path }
  // The request itself is not aborted: its answer names the work that is to be stopped.
  return {
    about: () =>
      answer(
        api.GET('/canvases/{canvas}/blocks/{block}/tables/{variable}', {
          params: { path, query: attempt === undefined ? {} : { attempt } },
        }),
      ) as Promise<TableAbout>,
    rows: (asked, signal, progress) =>
      ask<Found<Page>>(
        () =>
          api.POST('/canvases/{canvas}/blocks/{block}/tables/{variable}/rows', {
            params,
            body: body(asked),
          }) as Promise<Reply<Found<Page>>>,
        signal,
        progress,
      ),
    summary: (asked, signal, progress) =>
      ask<Found<Summary>>(
        () =>
          api.POST('/canvases/{canvas}/blocks/{block}/tables/{variable}/summary', {
            params,
            body: body(asked),
          }) as Promise<Reply<Found<Summary>>>,
        signal,
        progress,
      ),
    cells: (asked, signal, progress) =>
      ask<Found<Cells>>(
        () =>
          api.POST('/canvases/{canvas}/blocks/{block}/tables/{variable}/cells', {
            params,
            body: body(asked),
          }) as Promise<Reply<Found<Cells>>>,
        signal,
        progress,
      ),
    exportUrl: ({ attempt: of, where, sort, search }) => {
      const query = new URLSearchParams({
        attempt: of,
        query: JSON.stringify({ where, sort, search }),
      })
      const at = [canvas, 'blocks', block, 'tables', variable].map(encodeURIComponent).join('/')
      return `/api/v1/canvases/${at}/export?${query}`
    },
  }
}
