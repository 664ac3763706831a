import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { Problem } from '../../core/api/problem'

// What the server refused it refuses again; only silence is worth another try.
const client = new QueryClient({
  defaultOptions: {
    queries: {
      retry: (n, error) => n < 2 && error instanceof Problem && error.status === 0,
      staleTime: 2000,
    },
  },
})

/** For what loads lists; not around the canvas, which comes first. */
export function Queries({ children }: { children: ReactNode }) {
  return <QueryClientProvider client={client}>{children}</QueryClientProvider>
}
