import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { answer, api, once, type Schemas } from '../../core/api/client'
import { sentenceOf } from '../../core/api/problem'
import { say } from '../../core/session/page'

export type CanvasSummary = Schemas['CanvasSummary']
const key = ['canvases']

async function all(): Promise<readonly CanvasSummary[]> {
  const found: CanvasSummary[] = []
  let cursor: string | undefined
  do {
    const query = { limit: 1000, ...(cursor !== undefined && { cursor }) }
    const page = await answer(api.GET('/canvases', { params: { query } }))
    found.push(...page.items)
    cursor = page.next ?? undefined
  } while (cursor !== undefined)
  return found
}

/** The canvases of the workspace; fresh each time the page is looked at. */
export const useCanvases = () =>
  useQuery({ queryKey: key, queryFn: all, refetchOnWindowFocus: true, staleTime: 0 })

/** What can be done with canvases; each says what went wrong, and brings the list up to date. */
export function useCanvasActions() {
  const client = useQueryClient()
  const settled = {
    onSettled: () => client.invalidateQueries({ queryKey: key }),
    onError: (error: Error) => say(sentenceOf(error)),
  }
  const at = (canvas: string) => ({ params: { path: { canvas } } })
  const create = useMutation({
    ...settled,
    mutationFn: (body: Schemas['NewCanvas']) => answer(api.POST('/canvases', { body, headers: once() })),
  })
  const rename = useMutation({
    ...settled,
    mutationFn: ({ id, name }: { id: string; name: string }) =>
      answer(api.PATCH('/canvases/{canvas}', { ...at(id), body: { name } })),
  })
  const duplicate = useMutation({
    ...settled,
    mutationFn: (id: string) =>
      answer(api.POST('/canvases/{canvas}/duplicate', { ...at(id), headers: once() })),
    onSuccess: (made) => say(`Made ${made.name}. Results are not copied.`),
  })
  const restore = useMutation({
    ...settled,
    mutationFn: (trash: string) =>
      answer(api.POST('/trash/{trash}/restore', { params: { path: { trash } } })),
  })
  const remove = useMutation({
    ...settled,
    mutationFn: ({ id }: CanvasSummary) => answer(api.DELETE('/canvases/{canvas}', at(id))),
    onSuccess: ({ trash }, { name }) =>
      say(`${name} is in the trash.`, { label: 'Undo', run: () => restore.mutate(trash) }),
  })
  return { create, rename, duplicate, remove }
}
