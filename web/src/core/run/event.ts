import type { RunState } from '../../model/block'

/**
 * The events of a run as docs/user/json.md has them; fields may be added, never renamed. `end`: how far the attempt's stream
 * (its displays, errors and notices together) reaches with this event.
 */
export type Phase = 'load' | 'run' | 'save'
export type MimeBundle = Readonly<Record<string, unknown>>
export type RunEvent =
  /** It waits for environments that are made first; `run.started` or `run.finished` follows. */
  | { event: 'run.preparing'; run: string; mode: string; environments: readonly string[] }
  | { event: 'environment.progress'; run?: string; message: string }
  | { event: 'run.started'; run: string; mode: string }
  | { event: 'block.started'; block: string; attempt: string; warm: boolean }
  | { event: 'block.phase'; block: string; phase: Phase }
  | { event: 'block.output'; block: string; stream: 'stdout' | 'stderr'; text: string; end?: number }
  | {
      event: 'block.display'
      block: string
      data: MimeBundle
      metadata?: MimeBundle
      id?: string | null
      update?: boolean
      end?: number
    }
  | {
      event: 'block.error'
      block: string
      ename: string
      evalue: string
      traceback: string
      line: number | null
      kind: string
      end?: number
    }
  | { event: 'block.notice'; block: string; kind: string; message: string; end?: number }
  | {
      event: 'block.finished'
      block: string
      status: 'succeeded' | 'failed' | 'cancelled' | 'skipped' | 'up_to_date' | 'restored'
      reason: string
      phases_ms: Readonly<Record<string, number>>
      attempt?: string
      failure?: { kind: string; message?: string }
    }
  | {
      event: 'run.finished'
      run: string
      status: string
      seconds: number
      /** The run itself could not go on. */
      error?: string
      ran?: readonly string[]
      restored?: readonly string[]
      up_to_date?: readonly string[]
      skipped?: readonly string[]
    }

export function stateAfter(status: Extract<RunEvent, { event: 'block.finished' }>['status']): RunState {
  switch (status) {
    case 'succeeded':
    case 'up_to_date':
    case 'restored':
      return 'up_to_date'
    case 'failed':
    case 'cancelled':
    case 'skipped':
      return status
  }
}
