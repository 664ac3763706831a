import { useQuery, useQueryClient } from '@tanstack/react-query'
import { answer, api } from '../../core/api/client'

const key = ['self-hosting', 'test']
const everyMs = 700

/** The last test of the connection, asked for again while it runs. */
export function useConnectionTest() {
  const client = useQueryClient()
  const found = useQuery({
    queryKey: key,
    queryFn: () => answer(api.GET('/self-hosting/test')),
    refetchInterval: ({ state }) => (state.data?.state === 'running' ? everyMs : false),
  })
  return {
    test: found.data,
    error: found.error,
    running: found.data?.state === 'running',
    begin: async () => {
      client.setQueryData(key, await answer(api.POST('/self-hosting/test', { body: {} })))
    },
    stop: async () => {
      client.setQueryData(key, await answer(api.DELETE('/self-hosting/test')))
    },
  }
}
