// A file on its way into a store: event in, state and commands out. Who performs the commands is core/files/uploads.ts.
//
//   queued ─start→ beginning ─begun→ sending ─took all→ finishing ─finished→ done
//                     │ known ↘ looking ↗  │ ↖ moved, took
//   any of these ─lost→ waiting ─elapsed, again→ beginning or looking     (failures grow, the wait with them)
//   any of these ─refused→ refused ─again→ the same;  ─pause→ paused ─resume→ looking;  ─cancel→ gone
//
// A store may have kept less than was sent, and says how much: `kept` is its word, `sent` is what left this machine.

export type Phase =
  | 'queued'
  | 'beginning'
  | 'looking'
  | 'sending'
  | 'finishing'
  | 'waiting'
  | 'paused'
  | 'refused'
  | 'done'
  | 'gone'

/** Why it does not go on by itself. */
export interface Refusal {
  /** Stable, e.g. `FILE_EXISTS`. */
  readonly reason: string
  readonly text: string
}
export interface Transfer {
  readonly phase: Phase
  readonly bytes: number
  readonly kept: number
  readonly sent: number
  /** Known to the server: it can be gone on with. */
  readonly begun: boolean
  /** It can be sent in pieces; else all of it by one request, from the beginning. */
  readonly pieces: boolean
  /** In a row, without anything kept in between. */
  readonly failures: number
  readonly refusal: Refusal | undefined
}
export type TransferEvent =
  | { readonly on: 'start' | 'forgotten' | 'unsure' | 'pending' | 'finished' | 'lost' | 'elapsed' | 'again' }
  | { readonly on: 'pause' | 'resume' | 'cancel' }
  | { readonly on: 'begun'; readonly kept: number; readonly pieces: boolean; readonly whole: boolean }
  | { readonly on: 'moved'; readonly sent: number }
  | { readonly on: 'took'; readonly kept: number }
  | { readonly on: 'refused'; readonly refusal: Refusal }
  /** The address that it was sent to is good no more, or never was: a fresh one is asked for, but not for ever. */
  | { readonly on: 'stale'; readonly refusal: Refusal }
export type TransferCommand =
  | { readonly do: 'begin' | 'look' | 'finish' | 'drop' | 'stop' }
  | { readonly do: 'send'; readonly from: number; readonly to: number }
  | { readonly do: 'wait'; readonly ms: number }

/** A multiple of 256 KiB, which Cloud Storage asks of all pieces but the last. */
export const pieceBytes = 8 << 20
const longestWaitMs = 15_000
const mostStale = 3
/** While the server brings a whole file from the bucket to where blocks read it. */
const pendingMs = 400

export const newTransfer = (bytes: number, begun: boolean): Transfer => ({
  ...{ phase: 'queued', bytes, kept: 0, sent: 0, begun, pieces: false, failures: 0, refusal: undefined },
})
/** It is at work, or will be by itself. */
export const active = ({ phase }: Transfer) =>
  phase === 'beginning' ||
  phase === 'looking' ||
  phase === 'sending' ||
  phase === 'finishing' ||
  phase === 'waiting'
export const ended = ({ phase }: Transfer) => phase === 'done' || phase === 'gone'

type Decision = readonly [Transfer, readonly TransferCommand[]]

/** What follows. An event that does not fit, as an answer that comes after a pause, changes nothing. */
export function decide(now: Transfer, event: TransferEvent): Decision {
  const asIs: Decision = [now, []]
  switch (event.on) {
    case 'start':
      return now.phase === 'queued' ? open(now) : asIs
    case 'begun':
      if (now.phase !== 'beginning' && now.phase !== 'looking') return asIs
      return event.whole
        ? finish({ ...now, begun: true, pieces: event.pieces })
        : send({ ...now, begun: true, pieces: event.pieces }, event.kept)
    case 'forgotten':
      // What was known before is begun anew: its session ended, or the server lost it.
      return active(now) ? open({ ...now, begun: false, kept: 0, sent: 0 }) : asIs
    case 'moved':
      return now.phase === 'sending'
        ? [{ ...now, sent: Math.min(Math.max(event.sent, now.kept), now.bytes) }, []]
        : asIs
    case 'took':
      if (now.phase !== 'sending') return asIs
      return event.kept >= now.bytes ? finish(now) : send(now, event.kept)
    case 'finished':
      return now.phase === 'finishing' ? [{ ...now, phase: 'done' }, []] : asIs
    case 'lost':
      return active(now) && now.phase !== 'waiting' ? wait(now) : asIs
    case 'unsure':
      // What the store kept is asked for at once; a second time without anything kept, after a wait.
      if (now.phase !== 'sending') return asIs
      return now.failures === 0 ? open({ ...now, failures: 1 }) : wait(now)
    case 'stale':
      if (now.phase !== 'sending') return asIs
      return now.failures < mostStale ? wait(now) : refuse(now, event.refusal)
    case 'pending':
      return now.phase === 'finishing' ? [now, [{ do: 'wait', ms: pendingMs }]] : asIs
    case 'elapsed':
      if (now.phase === 'finishing') return [now, [{ do: 'finish' }]]
      return now.phase === 'waiting' ? open(now) : asIs
    case 'again':
      if (now.phase === 'waiting') return prepend('stop', open(now))
      return now.phase === 'refused' ? open({ ...now, refusal: undefined, failures: 0 }) : asIs
    case 'refused':
      return active(now) ? refuse(now, event.refusal) : asIs
    case 'pause':
      if (now.phase !== 'sending' && now.phase !== 'looking' && now.phase !== 'waiting') return asIs
      return [{ ...now, phase: 'paused', sent: now.kept }, [{ do: 'stop' }]]
    case 'resume':
      return now.phase === 'paused' ? open({ ...now, failures: 0 }) : asIs
    case 'cancel':
      if (ended(now)) return asIs
      return [
        { ...now, phase: 'gone', refusal: undefined },
        [{ do: 'stop' }, ...(now.begun ? [{ do: 'drop' } as const] : [])],
      ]
  }
}

const open = (now: Transfer): Decision =>
  now.begun
    ? [{ ...now, phase: 'looking' }, [{ do: 'look' }]]
    : [{ ...now, phase: 'beginning' }, [{ do: 'begin' }]]

function send(now: Transfer, kept: number): Decision {
  const from = now.pieces ? kept : 0
  const to = now.pieces ? Math.min(now.bytes, from + pieceBytes) : now.bytes
  const failures = from > now.kept ? 0 : now.failures
  return [{ ...now, phase: 'sending', kept: from, sent: from, failures }, [{ do: 'send', from, to }]]
}

function wait(now: Transfer): Decision {
  const ms = Math.min(longestWaitMs, 500 * 2 ** now.failures)
  return [
    { ...now, phase: 'waiting', sent: now.kept, failures: now.failures + 1 },
    [{ do: 'stop' }, { do: 'wait', ms }],
  ]
}

const refuse = (now: Transfer, refusal: Refusal): Decision => [
  { ...now, phase: 'refused', refusal, sent: now.kept },
  [{ do: 'stop' }],
]

const finish = (now: Transfer): Decision => [
  { ...now, phase: 'finishing', kept: now.bytes, sent: now.bytes },
  [{ do: 'finish' }],
]

const prepend = (command: 'stop', [next, commands]: Decision): Decision => [
  next,
  [{ do: command }, ...commands],
]
