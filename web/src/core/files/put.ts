import type { Problem } from '../api/problem'
import { problemOf } from '../api/problem'
import type { Address, Put, PutWatch } from './sender'

/** The part of an XMLHttpRequest's answer that says what became of it. */
export interface PutAnswer {
  /** 0: none, or none that a page may see. */
  readonly status: number
  /** `bytes=0-41`; undefined: nothing, or not to be seen from here. */
  readonly range: string | undefined
  readonly body: string
}

/** Source: Cloud Storage "Resumable uploads"; our server answers in the same way. */
export function outcome({ status, range, body }: PutAnswer, total: number): Put {
  if (status >= 200 && status < 300) return { was: 'kept', bytes: total }
  if (status === 308) {
    const last = /^bytes=0-(\d+)$/.exec(range ?? '')?.[1]
    return last === undefined ? { was: 'unsure' } : { was: 'kept', bytes: Number(last) + 1 }
  }
  // It was there already: an earlier request had worked whose answer was lost. Whether it is right, `finish` says.
  if (status === 412) return { was: 'kept', bytes: total }
  if (status === 409) return { was: 'unsure' }
  const { reason, message } = said(status, body)
  const refusal = { reason, text: message }
  if (reason === 'DISK_FULL' || reason === 'EntityTooLarge' || status === 413)
    return { was: 'refused', refusal }
  if (status === 0 || status === 429 || status >= 500) return { was: 'lost' }
  return { was: 'stale', refusal }
}

/** Our server speaks in problem documents, a bucket in XML. */
function said(status: number, body: string): Pick<Problem, 'reason' | 'message'> {
  const code = /<Code>(\w+)<\/Code>/.exec(body)?.[1]
  if (code === 'EntityTooLarge')
    return {
      reason: code,
      message:
        'The bucket does not take that many bytes: the file has grown since it was chosen. Choose it again.',
    }
  if (code !== undefined) {
    const message = /<Message>([^<]*)<\/Message>/.exec(body)?.[1] ?? ''
    return { reason: code, message: `The bucket refused the upload (${code}, ${status}). ${message}` }
  }
  try {
    return problemOf(status, JSON.parse(body))
  } catch {
    return problemOf(status, undefined)
  }
}

/** PUT bytes `from` to `to` of a file; by XMLHttpRequest, because fetch does not tell how much has left. */
export function put(file: Blob, address: Address, from: number, to: number, watch: PutWatch): Promise<Put> {
  return new Promise((done) => {
    const request = new XMLHttpRequest()
    request.open('PUT', address.url)
    for (const [name, value] of Object.entries(address.headers)) request.setRequestHeader(name, value)
    if (address.pieces) request.setRequestHeader('Content-Range', `bytes ${from}-${to - 1}/${file.size}`)
    request.upload.onprogress = ({ loaded }) => watch.moved(Math.min(from + loaded, to))
    const end = () => {
      watch.signal.removeEventListener('abort', stop)
      const range = request.status === 308 ? (request.getResponseHeader('Range') ?? undefined) : undefined
      done(outcome({ status: request.status, range, body: request.responseText }, file.size))
    }
    const stop = () => request.abort()
    request.onloadend = end
    watch.signal.addEventListener('abort', stop)
    // A file that changed on the disk since it was chosen cannot be read any more: the browser ends such a request as if the
    // connection were lost. Reading a byte first tells.
    file
      .slice(from, Math.min(from + 1, to))
      .arrayBuffer()
      .then(
        () => (watch.signal.aborted ? end() : request.send(file.slice(from, to))),
        () => done({ was: 'refused', refusal: changedFile }),
      )
  })
}
const changedFile = {
  reason: 'FILE_CHANGED',
  text: 'The file was changed, moved or deleted on your disk since it was chosen. Cancel this, and choose it again.',
}
