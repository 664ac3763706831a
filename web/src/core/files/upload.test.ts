import { expect, test } from 'vitest'
import { offline, Problem } from '../api/problem'
import { pieceBytes, sendFile, type UploadWatch } from './upload'

/** A server that keeps pieces, and loses the requests or answers that it is told to. */
class Store {
  bytes = new Uint8Array()
  begun = 0
  readonly losses: ('request' | 'answer')[] = []
  readonly #size: number
  constructor(size: number) {
    this.#size = size
  }
  state = () => ({
    upload: `u${this.begun}`,
    offset: this.bytes.length,
    done: this.bytes.length === this.#size,
  })
  begin = () => Promise.resolve((this.begun++, this.state()))
  look = (upload: string) =>
    upload === `u${this.begun}`
      ? Promise.resolve(this.state())
      : Promise.reject(new Problem(404, 'NO', 'none'))
  send = async (_: string, offset: number, piece: Blob) => {
    const loss = this.losses.shift()
    if (loss === 'request') throw offline()
    expect(offset).toBe(this.bytes.length)
    this.bytes = new Uint8Array([...this.bytes, ...new Uint8Array(await piece.arrayBuffer())])
    if (loss === 'answer') throw offline()
    return this.state()
  }
}
const watch = (): UploadWatch & { seen: number[] } => {
  const seen: number[] = []
  const signal = new AbortController().signal
  return {
    seen,
    progress: (n) => seen.push(n),
    waits: () => undefined,
    pause: () => Promise.resolve(),
    signal,
  }
}
const content = new Uint8Array(10).map((_, i) => i)

test('an upload whose pieces and answers are lost goes on where it was', async () => {
  const file = new Blob([new Uint8Array(pieceBytes), content])
  const store = new Store(file.size)
  store.losses.push('request', 'answer', 'request')
  await sendFile(file, store, watch())
  expect(store.bytes.length).toBe(file.size)
  expect([...store.bytes.slice(-10)]).toEqual([...content])
  expect(store.begun).toBe(1)
})

test('an upload of a page that was closed is gone on with; one that the server forgot is begun anew', async () => {
  const file = new Blob([content])
  const store = new Store(file.size)
  await store.begin()
  await store.send('u1', 0, file.slice(0, 4))
  await sendFile(file, store, watch(), 'u1')
  expect([...store.bytes]).toEqual([...content])
  const other = new Store(file.size)
  await sendFile(file, other, watch(), 'forgotten')
  expect([...other.bytes]).toEqual([...content])
})

test('a refusal ends it at once', async () => {
  const store = new Store(1)
  store.begin = () => Promise.reject(new Problem(409, 'FILE_EXISTS', 'there is one'))
  await expect(sendFile(new Blob(['x']), store, watch())).rejects.toThrow('there is one')
})
