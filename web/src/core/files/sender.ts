import {
  decide,
  type Refusal,
  type Transfer,
  type TransferCommand,
  type TransferEvent,
} from '../../model/transfer'
import { Problem, sentenceOf } from '../api/problem'

/** Where bytes go, as the server said. */
export interface Address {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly pieces: boolean
}
export interface Begun {
  readonly upload: string
  readonly kept: number
  readonly done: boolean
  readonly address: Address | undefined
}
/** What became of one PUT. */
export type Put =
  | { readonly was: 'kept'; readonly bytes: number }
  | { readonly was: 'lost' | 'unsure' }
  | { readonly was: 'stale' | 'refused'; readonly refusal: Refusal }

/** The outside of a transfer: what it asks of the server rejects with a Problem; `put` never rejects. */
export interface Transport {
  begin(): Promise<Begun>
  look(upload: string): Promise<Begun>
  put(address: Address, from: number, to: number, watch: PutWatch): Promise<Put>
  /** True when the file is in its place, false while it is being brought there. */
  finish(upload: string): Promise<boolean>
  drop(upload: string): Promise<void>
  /** Why the browser may not send to that address at all, if that is so. */
  barred(address: Address): Promise<Refusal | undefined>
  wait(ms: number, signal: AbortSignal): Promise<void>
}
export interface PutWatch {
  moved(sent: number): void
  readonly signal: AbortSignal
}

/** Performs what a transfer decides. One for a file, for as long as the page is there. */
export class Sender {
  state: Transfer
  upload: string | undefined
  readonly #transport: Transport
  readonly #changed: (state: Transfer) => void
  #stop = new AbortController()
  #address: Address | undefined
  /** Something has left the machine: the browser lets it go there. */
  #moved = false

  constructor(
    state: Transfer,
    upload: string | undefined,
    transport: Transport,
    changed: (state: Transfer) => void,
  ) {
    this.state = state
    this.upload = upload
    this.#transport = transport
    this.#changed = changed
  }

  tell(event: TransferEvent): void {
    const [next, commands] = decide(this.state, event)
    if (next === this.state && commands.length === 0) return
    this.state = next
    this.#changed(next)
    for (const command of commands) void this.#perform(command)
  }

  async #perform(command: TransferCommand): Promise<void> {
    if (command.do === 'stop') {
      this.#stop.abort()
      this.#stop = new AbortController()
      return
    }
    const { signal } = this.#stop
    const event = await this.#event(command, signal)
    if (event && !signal.aborted) this.tell(event)
  }

  async #event(command: TransferCommand, signal: AbortSignal): Promise<TransferEvent | undefined> {
    const transport = this.#transport
    try {
      switch (command.do) {
        case 'begin': {
          const begun = await transport.begin()
          // Whoever took it back meanwhile did not know its name yet.
          if (signal.aborted) return void transport.drop(begun.upload).catch(() => undefined)
          return this.#opened(begun)
        }
        case 'look': {
          const begun = await transport.look(this.upload ?? '')
          return signal.aborted ? undefined : this.#opened(begun)
        }
        case 'send':
          return await this.#send(command.from, command.to, signal)
        case 'finish':
          return { on: (await transport.finish(this.upload ?? '')) ? 'finished' : 'pending' }
        case 'drop':
          return void transport.drop(this.upload ?? '').catch(() => undefined)
        case 'wait':
          await transport.wait(command.ms, signal)
          return { on: 'elapsed' }
        case 'stop':
          return undefined
      }
    } catch (error) {
      return failed(error, command.do)
    }
  }

  #opened(begun: Begun): TransferEvent {
    this.upload = begun.upload
    this.#address = begun.address
    const whole = begun.done || (this.state.bytes > 0 && begun.kept >= this.state.bytes)
    return { on: 'begun', kept: begun.kept, pieces: begun.address?.pieces ?? false, whole }
  }

  async #send(from: number, to: number, signal: AbortSignal): Promise<TransferEvent | undefined> {
    const address = this.#address
    if (!address) return { on: 'lost' }
    const moved = (sent: number) => {
      if (signal.aborted) return
      this.#moved ||= sent > from
      this.tell({ on: 'moved', sent })
    }
    const put = await this.#transport.put(address, from, to, { moved, signal })
    switch (put.was) {
      case 'kept':
        return { on: 'took', kept: put.bytes }
      case 'unsure':
        return { on: 'unsure' }
      case 'stale':
        return { on: 'stale', refusal: put.refusal }
      case 'refused':
        return { on: 'refused', refusal: put.refusal }
      case 'lost': {
        // A browser does not tell a page whether a connection broke or was forbidden. Forbidden, nothing ever moves.
        const again = this.state.failures > 0 && !this.#moved && !signal.aborted
        const refusal = again ? await this.#transport.barred(address) : undefined
        return refusal ? { on: 'refused', refusal } : { on: 'lost' }
      }
    }
  }
}

function failed(error: unknown, doing: TransferCommand['do']): TransferEvent {
  if (!(error instanceof Problem))
    return { on: 'refused', refusal: { reason: 'BUG', text: sentenceOf(error) } }
  const { status, reason, message } = error
  if (reason === 'UPLOAD_UNKNOWN' && doing !== 'begin') return { on: 'forgotten' }
  if (reason === 'UPLOAD_INCOMPLETE') return { on: 'lost' }
  if (reason !== 'DISK_FULL' && (status === 0 || status === 429 || status >= 500)) return { on: 'lost' }
  return { on: 'refused', refusal: { reason, text: message } }
}
