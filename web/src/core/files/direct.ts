import { answer, api, type Schemas } from '../api/client'
import { Problem } from '../api/problem'
import type { Address, Begun, Transport } from './sender'
import { put } from './put'

interface Wanted {
  readonly canvas: string
  readonly path: string
  readonly file: File
  readonly replace: boolean
}

/** Uploads as contracts/openapi.yaml has them: the bytes go where the server says, to itself or straight into its bucket. */
export function directTransport({ canvas, path, file, replace }: Wanted): Transport {
  const at = (upload: string) => ({ path: { canvas, upload } })
  return {
    async begin() {
      const content_type = file.type === '' ? 'application/octet-stream' : file.type
      const body = { path, bytes: file.size, replace, direct: true, content_type }
      return begunOf(
        await answer(api.POST('/canvases/{canvas}/uploads', { params: { path: { canvas } }, body })),
      )
    },
    async look(upload) {
      return begunOf(await answer(api.GET('/canvases/{canvas}/uploads/{upload}', { params: at(upload) })))
    },
    put: (address, from, to, watch) => put(file, address, from, to, watch),
    async finish(upload) {
      const { done } = await answer(
        api.POST('/canvases/{canvas}/uploads/{upload}/finish', { params: at(upload), body: {} }),
      )
      return done
    },
    async drop(upload) {
      await answer(api.DELETE('/canvases/{canvas}/uploads/{upload}', { params: at(upload) }))
    },
    barred,
    wait: (ms, signal) =>
      new Promise((resume) => {
        const timer = setTimeout(resume, ms)
        signal.addEventListener('abort', () => clearTimeout(timer))
      }),
  }
}

function begunOf({ upload, offset, done, send }: Schemas['Upload']): Begun {
  // A server of before does not know `direct`.
  if (!send && !done)
    throw new Problem(400, 'NO_ADDRESS', 'The server did not say where to send the file. Reload the page.')
  return {
    ...{ upload, kept: offset, done },
    address: send && { url: send.url, headers: send.headers, pieces: send.mode === 'resumable' },
  }
}

/**
 * Whether the bucket's settings keep this page out. A request whose answer nobody may read still arrives: if it does while a
 * permitted one cannot, the connection is there, and CORS is what stands in the way.
 */
async function barred({ url }: Address) {
  const there = new URL(url, location.href)
  if (there.origin === location.origin) return undefined
  try {
    await fetch(there.origin, { mode: 'no-cors', credentials: 'omit', cache: 'no-store' })
  } catch {
    return undefined
  }
  return {
    reason: 'CORS',
    text: `The bucket does not take uploads from this page, ${location.origin}. Who looks after the bucket adds that address to its CORS settings: easel gcp apply --cors-origin ${location.origin}. Then try again.`,
  }
}

/** Save a file, from where the server says that it lies. */
export async function download(canvas: string, path: string): Promise<void> {
  const link = await answer(
    api.GET('/canvases/{canvas}/files/link', { params: { path: { canvas }, query: { path } } }),
  )
  const to = document.createElement('a')
  to.href = link.url
  to.download = path.slice(path.lastIndexOf('/') + 1)
  to.rel = 'noreferrer'
  to.click()
}
