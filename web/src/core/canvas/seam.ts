import type { RunEvent } from '../run/event'

/** What was fetched of an attempt's outputs, and how far that reaches: text in UTF-16 code units, everything else counted. */
export interface Fetched {
  readonly events: readonly RunEvent[]
  readonly ends: { readonly stdout: number; readonly stderr: number; readonly frames: number }
}

/** Of what came while outputs were fetched: what they do not have. */
export function behind({ events, ends }: Fetched, meanwhile: readonly RunEvent[]): readonly RunEvent[] {
  return meanwhile.flatMap((event): readonly RunEvent[] => {
    switch (event.event) {
      case 'block.output': {
        const more = (event.end ?? Infinity) - ends[event.stream]
        if (more <= 0) return []
        return [more < event.text.length ? { ...event, text: event.text.slice(-more) } : event]
      }
      case 'block.display':
      case 'block.error':
        // A failure that Python could not report is told last, and has no place.
        if (event.end === undefined)
          return events.some((e) => e.event === event.event && e.end === undefined) ? [] : [event]
        return event.end > ends.frames ? [event] : []
      default:
        return []
    }
  })
}
