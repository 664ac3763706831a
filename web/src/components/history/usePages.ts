import { useInfiniteQuery } from '@tanstack/react-query'

interface Page<T> {
  readonly items: readonly T[]
  readonly next: string | null
}

/** A list that comes by pages with a cursor, as all lists of the API do; what is shown stays while it is asked again. */
export function usePages<T>(key: readonly unknown[], fetchPage: (cursor?: string) => Promise<Page<T>>) {
  const list = useInfiniteQuery({
    queryKey: key,
    queryFn: ({ pageParam }) => fetchPage(pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page: Page<T>) => page.next ?? undefined,
    placeholderData: (before) => before,
  })
  return {
    items: list.data?.pages.flatMap((page) => page.items),
    error: list.error,
    more: list.hasNextPage ? () => void list.fetchNextPage() : undefined,
  }
}
