import type { RunState } from '../../model/block'
import type { Output } from '../output/output'
import { stateAfter, type Phase, type RunEvent } from './event'

/** What is known of a block's runs. A value: each event makes a new one. */
export interface Live {
  readonly state: RunState
  /** Why: in the server's words, shown as they are. */
  readonly reason: string
  /** The newest attempt. */
  readonly attempt?: string
  readonly finishedMs?: number
  readonly phase?: Phase
  /** On the page's clock, like all below: what it saw of this attempt. */
  readonly startedMs?: number
  /** It began before this page came: its phases until then are not known. */
  readonly late?: true
  readonly marks?: readonly { readonly phase: Phase; readonly atMs: number }[]
  readonly endedMs?: number
  readonly phasesMs: Readonly<Record<string, number>>
  readonly outputs: readonly Output[]
  /** What the last success showed, while a new attempt has not succeeded. */
  readonly kept?: readonly Output[]
  readonly notices: readonly { kind: string; message: string }[]
}
export const neverRun: Live = { state: 'never_run', reason: '', phasesMs: {}, outputs: [], notices: [] }

const textLimit = 1 << 20

/** Take one event in. `nowMs` is the page's clock, for the running time. */
export function follow(live: Live, event: RunEvent, nowMs: number): Live {
  switch (event.event) {
    case 'block.started': {
      // By now the state is most often `queued`: what the last attempt showed says how it ended.
      const { outputs } = live
      const good = outputs.length > 0 && !outputs.some(({ type }) => type === 'error')
      return {
        state: 'running',
        reason: '',
        attempt: event.attempt,
        startedMs: nowMs,
        phasesMs: {},
        outputs: [],
        kept: good ? outputs : live.kept,
        notices: [],
      }
    }
    case 'block.phase':
      return {
        ...live,
        phase: event.phase,
        marks: [...(live.marks ?? []), { phase: event.phase, atMs: nowMs }],
      }
    case 'block.output': {
      const last = live.outputs.at(-1)
      if (last?.type !== 'text' || last.stream !== event.stream)
        return {
          ...live,
          outputs: [...live.outputs, { type: 'text', stream: event.stream, text: event.text }],
        }
      // The end of a long stream is what one looks at; the server has all of it.
      const whole = last.text + event.text
      const text = whole.length > 1.25 * textLimit ? whole.slice(-textLimit) : whole
      return { ...live, outputs: [...live.outputs.slice(0, -1), { ...last, text }] }
    }
    case 'block.display': {
      const id = event.id ?? undefined
      const shown = { type: 'display' as const, data: event.data, ...(id !== undefined && { id }) }
      if (!event.update) return { ...live, outputs: [...live.outputs, shown] }
      return { ...live, outputs: live.outputs.map((o) => (o.type === 'display' && o.id === id ? shown : o)) }
    }
    case 'block.error': {
      const { ename, evalue, traceback, line, kind } = event
      return { ...live, outputs: [...live.outputs, { type: 'error', ename, evalue, traceback, line, kind }] }
    }
    case 'block.notice':
      return { ...live, notices: [...live.notices, { kind: event.kind, message: event.message }] }
    case 'block.finished': {
      const state = stateAfter(event.status)
      const ran = event.status !== 'up_to_date' && event.status !== 'restored'
      return {
        ...live,
        state,
        reason: event.reason,
        phase: undefined,
        endedMs: nowMs,
        phasesMs: ran ? event.phases_ms : live.phasesMs,
        kept: state === 'up_to_date' ? undefined : live.kept,
      }
    }
    case 'run.preparing':
    case 'environment.progress':
    case 'run.started':
    case 'run.finished':
      return live
  }
}

/** What the server advises on a command line; here it is offered. */
const upTo = /; `--to [^`]*` runs it too$/
/** It could not run because what is above it has no result; running up to it would do. */
export const lacksAbove = ({ state, reason }: Live) =>
  (state === 'skipped' || state === 'stale') && upTo.test(reason)
/** The reason without what is said of commands. */
export const plainReason = ({ reason }: { readonly reason: string }) => reason.replace(upTo, '')

/** Seconds that the block's own code took. */
export function secondsOf(live: Live): number | undefined {
  const ms = live.phasesMs['run']
  return ms === undefined ? undefined : ms / 1000
}
