import createClient from 'openapi-fetch'
import { offline, problemOf } from './problem'
import type { components, paths } from './schema'

export type Schemas = components['schemas']

/** Typed by contracts/openapi.yaml. Every call goes through `answer`. */
export const api = createClient<paths>({ baseUrl: '/api/v1' })

interface Result<T> {
  data?: T
  error?: unknown
  response: Response
}
let onSignedOut: () => void = () => undefined

/** Hear when a session has ended: any request was answered 401. */
export function whenSignedOut(listener: () => void): void {
  onSignedOut = listener
}

/** The data of a request, or a Problem thrown. */
export async function answer<T>(request: Promise<Result<T>>): Promise<T> {
  let result: Result<T>
  try {
    result = await request
  } catch {
    throw offline()
  }
  const { data, error, response } = result
  if (response.ok) return data as T
  if (response.status === 401) onSignedOut()
  throw problemOf(response.status, error)
}

/** A header that makes a create safe to send again. */
export const once = () => ({ 'Idempotency-Key': crypto.randomUUID() })
