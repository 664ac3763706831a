import type { components } from './schema'

type Document = components['schemas']['Problem']

/** A request that did not succeed, with a sentence for people. */
export class Problem extends Error {
  /** 0: no answer at all. */
  readonly status: number
  /** Stable, e.g. `BLOCK_CYCLE`; `OFFLINE` if there was no answer. */
  readonly reason: string
  /** Of a form: what is wrong with which field. */
  readonly fields: Document['fields']

  constructor(status: number, reason: string, message: string, fields?: Document['fields']) {
    super(message)
    this.name = 'Problem'
    this.status = status
    this.reason = reason
    this.fields = fields
  }
}

export const offline = () =>
  new Problem(0, 'OFFLINE', 'The server does not answer. Is `easel serve` still running?')

/** The problem that a response describes; what is not a problem document gets a sentence of its own. */
export function problemOf(status: number, body: unknown): Problem {
  const { reason, detail, title, fields } = (
    typeof body === 'object' && body ? body : {}
  ) as Partial<Document>
  const message = detail || title || `The server answered ${status} without saying why.`
  return new Problem(status, reason ?? `HTTP_${status}`, message, fields)
}

/** What to show of any error. */
export function sentenceOf(error: unknown): string {
  if (error instanceof Error && error.message) return error.message
  return String(error)
}
