import { endingOf, type Ending } from './ending'

/** What a connection needs of the world: a browser's, or a test's. */
export interface Surroundings {
  /** Connect to the canvas, going on after `place` if there is one. */
  connect(place: Place | undefined): WebSocketLike
  later(ms: number, work: () => void): () => void
  random(): number
  /** Run `work` when what has arrived is on the screen. */
  afterDrawing(work: () => void): void
  /** The network is back, or the page is looked at again; returns how to stop listening. */
  whenBetter(work: () => void): () => void
  /** A connection could not be made: find out whether waiting helps at all. */
  failed(): void
}
export interface Place {
  readonly epoch: string
  readonly seq: number
}
export interface WebSocketLike {
  onmessage: ((event: MessageEvent) => unknown) | null
  onclose: ((event: CloseEvent) => unknown) | null
  send(data: string): void
  close(): void
}
export interface SocketListener<T> {
  message(message: T): void
  /** The server may have said why. */
  lost(why?: string): void
}
const firstWaitMs = 400
const longestWaitMs = 15_000
/** A connection that said nothing for so long before it was made is given up. */
const openingMs = 10_000

/**
 * One connection at a time, made again for as long as it is wanted.
 *
 *   idle ──open──> opening ──first message──> open
 *                     └──────closed────> waiting <──closed──┘      waiting ──time, or better──> opening
 */
export class Socket<T> {
  place: Place | undefined
  readonly #around: Surroundings
  readonly #listener: SocketListener<T>
  #socket: WebSocketLike | undefined
  #spoken = false
  #failures = 0
  #stopWaiting: () => void = () => undefined
  #stopHoping: (() => void) | undefined

  constructor(around: Surroundings, listener: SocketListener<T>) {
    this.#around = around
    this.#listener = listener
  }
  open(): void {
    this.#stopHoping ??= this.#around.whenBetter(() => {
      if (!this.#socket) this.#connect()
    })
    this.#connect()
  }
  close(): void {
    this.#stopHoping?.()
    this.#stopHoping = undefined
    this.#stopWaiting()
    this.#drop()
  }
  /** Give this connection up for a new one. */
  again(): void {
    this.#drop()
    this.#wait()
    this.#listener.lost()
  }
  /** Nothing happens without a connection: the listener knows what it has to say once there is one. */
  send(message: unknown): void {
    if (this.#spoken) this.#socket?.send(JSON.stringify(message))
  }

  #connect(): void {
    this.#stopWaiting()
    this.#spoken = false
    const socket = (this.#socket = this.#around.connect(this.place))
    this.#stopWaiting = this.#around.later(openingMs, () => {
      if (this.#socket === socket && !this.#spoken) this.#lost(socket)
    })
    socket.onmessage = ({ data }) => {
      if (this.#socket !== socket) return
      this.#spoken = true
      this.#failures = 0
      this.#listener.message(JSON.parse(String(data)) as T)
    }
    socket.onclose = (event) => this.#lost(socket, endingOf(event))
  }
  #lost(socket: WebSocketLike, { why, anew }: Ending = { anew: false }): void {
    if (this.#socket !== socket) return
    if (!this.#spoken) this.#around.failed()
    if (anew) this.place = undefined
    this.#drop()
    this.#wait()
    this.#listener.lost(why)
  }
  #drop(): void {
    const socket = this.#socket
    this.#socket = undefined
    this.#spoken = false
    if (!socket) return
    socket.onmessage = null
    socket.onclose = null
    socket.close()
  }
  #wait(): void {
    if (!this.#stopHoping) return
    // Full jitter: pages that lost one server do not come back in step.
    const most = Math.min(longestWaitMs, firstWaitMs * 2 ** this.#failures++)
    this.#stopWaiting()
    this.#stopWaiting = this.#around.later(most * (0.3 + 0.7 * this.#around.random()), () => this.#connect())
  }
}
