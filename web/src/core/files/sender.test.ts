import { expect, test } from 'vitest'
import { newTransfer, pieceBytes, type Transfer } from '../../model/transfer'
import { offline, Problem } from '../api/problem'
import { Sender, type Address, type Begun, type Put, type PutWatch, type Transport } from './sender'

const address: Address = { url: 'https://bucket.test/x', headers: {}, pieces: true }

/** A store with a server before it, and faults that it is told to have. */
class FakeTransport implements Transport {
  bytes = 0
  begun = 0
  dropped: string[] = []
  asked: string[] = []
  readonly faults: (Put['was'] | 'answer' | 'hang')[] = []
  cors = false
  pendings = 0
  refuse: Problem | undefined
  hanging: (() => void) | undefined
  readonly #total: number
  constructor(total: number) {
    this.#total = total
  }
  #state = (): Begun => ({ upload: `u${this.begun}`, kept: this.bytes, done: false, address })
  begin = () => {
    this.asked.push('begin')
    if (this.refuse) return Promise.reject(this.refuse)
    this.begun++
    return Promise.resolve(this.#state())
  }
  look = (upload: string) => {
    this.asked.push('look')
    if (upload === `u${this.begun}`) return Promise.resolve(this.#state())
    return Promise.reject(new Problem(404, 'UPLOAD_UNKNOWN', 'none'))
  }
  put = async (_: Address, from: number, to: number, watch: PutWatch): Promise<Put> => {
    this.asked.push('put')
    if (this.cors) return { was: 'lost' }
    const fault = this.faults.shift()
    if (fault === 'lost') return { was: 'lost' }
    watch.moved(to)
    if (fault === 'hang') {
      await new Promise<void>((resume) => {
        this.hanging = resume
        watch.signal.addEventListener('abort', () => resume())
      })
      return { was: 'lost' }
    }
    expect(from).toBe(this.bytes)
    this.bytes = fault === 'unsure' ? from + 262_144 : to
    return fault === 'answer'
      ? { was: 'lost' }
      : fault === 'unsure'
        ? { was: 'unsure' }
        : { was: 'kept', bytes: this.bytes }
  }
  finish = () => {
    this.asked.push('finish')
    if (this.bytes < this.#total) return Promise.reject(new Problem(409, 'UPLOAD_INCOMPLETE', 'lacks'))
    return Promise.resolve(this.pendings-- <= 0)
  }
  drop = (upload: string) => Promise.resolve(void this.dropped.push(upload))
  barred = () => Promise.resolve(this.cors ? { reason: 'CORS', text: 'add the origin' } : undefined)
  // Behind all that is ready: a server that is gone for good does not starve the test.
  wait = () => new Promise<void>((resume) => setTimeout(resume))
}

/** Until it ends, or waits for a person. */
function run(transport: FakeTransport, bytes: number, known?: string) {
  const seen: Transfer[] = []
  let rest: (state: Transfer) => void = () => undefined
  const rested = new Promise<Transfer>((done) => (rest = done))
  const sender = new Sender(newTransfer(bytes, known !== undefined), known, transport, (state) => {
    seen.push(state)
    if (['done', 'refused', 'gone'].includes(state.phase)) rest(state)
  })
  sender.tell({ on: 'start' })
  return { sender, seen, rested }
}
const big = 3 * pieceBytes + 17

test('requests and answers that are lost, and a store that keeps only a part: all of it arrives once', async () => {
  const transport = new FakeTransport(big)
  transport.faults.push('lost', 'answer', 'unsure', 'lost')
  transport.pendings = 2
  const { rested, seen } = run(transport, big)
  expect((await rested).phase).toBe('done')
  expect([transport.bytes, transport.begun]).toEqual([big, 1])
  expect(seen.map(({ kept }) => kept)).toEqual(seen.map(({ kept }) => kept).toSorted((a, b) => a - b))
})

test('what another page began goes on; what the server forgot begins anew', async () => {
  const transport = new FakeTransport(big)
  await transport.begin()
  transport.bytes = pieceBytes
  expect((await run(transport, big, 'u1').rested).phase).toBe('done')
  expect(transport.begun).toBe(1)
  const other = new FakeTransport(big)
  expect((await run(other, big, 'forgotten').rested).phase).toBe('done')
  expect(other.asked.slice(0, 2)).toEqual(['look', 'begin'])
})

test('a bucket that keeps the page out is named after two tries, not taken for a lost connection', async () => {
  const transport = new FakeTransport(big)
  transport.cors = true
  const { rested, sender, seen } = run(transport, big)
  expect((await rested).refusal).toEqual({ reason: 'CORS', text: 'add the origin' })
  expect(transport.asked).toEqual(['begin', 'put', 'look', 'put'])
  transport.cors = false
  sender.tell({ on: 'again' })
  await expect.poll(() => seen.at(-1)?.phase).toBe('done')
})

test('a pause in the middle of a piece loses nothing that was kept', async () => {
  const transport = new FakeTransport(big)
  transport.faults.push('answer', 'hang')
  const { sender, rested } = run(transport, big)
  await expect.poll(() => transport.hanging !== undefined).toBe(true)
  sender.tell({ on: 'pause' })
  expect(sender.state).toMatchObject({ phase: 'paused', kept: pieceBytes, sent: pieceBytes })
  sender.tell({ on: 'resume' })
  expect((await rested).phase).toBe('done')
  expect(transport.bytes).toBe(big)
})

test('taken back while it begins, the server is told as soon as it has a name', async () => {
  const transport = new FakeTransport(big)
  const { sender } = run(transport, big)
  sender.tell({ on: 'cancel' })
  await expect.poll(() => transport.dropped).toEqual(['u1'])
  expect(transport.bytes).toBe(0)
})

test('what the server refuses is said in its words; what it cannot do now is tried again', async () => {
  const transport = new FakeTransport(1)
  transport.refuse = new Problem(413, 'FILE_TOO_LARGE', 'at most 5 GB')
  expect((await run(transport, 1).rested).refusal).toEqual({ reason: 'FILE_TOO_LARGE', text: 'at most 5 GB' })
  transport.refuse = offline()
  const { seen } = run(transport, 1)
  await expect.poll(() => seen.some(({ phase }) => phase === 'waiting')).toBe(true)
  transport.refuse = undefined
  await expect.poll(() => seen.at(-1)?.phase).toBe('done')
})
