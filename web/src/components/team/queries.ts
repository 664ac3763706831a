import { useQuery } from '@tanstack/react-query'
import { answer, api, type Schemas } from '../../core/api/client'

export type Member = Schemas['Member']

/** Every page of a list. */
export async function all<T>(
  fetchPage: (query: { limit: number; cursor?: string }) => Promise<{ items: T[]; next: string | null }>,
): Promise<readonly T[]> {
  const found: T[] = []
  let cursor: string | undefined
  do {
    const page = await fetchPage({ limit: 1000, ...(cursor !== undefined && { cursor }) })
    found.push(...page.items)
    cursor = page.next ?? undefined
  } while (cursor !== undefined)
  return found
}

export const useMembers = () =>
  useQuery({
    queryKey: ['members'],
    queryFn: () => all((query) => answer(api.GET('/members', { params: { query } }))),
  })
