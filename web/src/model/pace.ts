// How fast something moves, and how long it will take: what is shown beside a bar, so that it does not jump about.

export interface Pace {
  readonly atMs: number
  readonly bytes: number
  /** Smoothed; undefined before the first second. */
  readonly perSecond: number | undefined
}
/** The weight of a new second against those before. */
const weight = 0.3

export const newPace = (atMs: number, bytes: number): Pace => ({ atMs, bytes, perSecond: undefined })

/** After `bytes` in all at `atMs`. Measures over a second or more; going back (a piece is sent again) begins anew. */
export function paced(pace: Pace, atMs: number, bytes: number): Pace {
  if (bytes < pace.bytes) return { ...pace, atMs, bytes }
  const seconds = (atMs - pace.atMs) / 1000
  if (seconds < 1) return pace
  const now = (bytes - pace.bytes) / seconds
  const share = 1 - (1 - weight) ** seconds
  const perSecond = pace.perSecond === undefined ? now : pace.perSecond + share * (now - pace.perSecond)
  return { atMs, bytes, perSecond }
}

/** Seconds until all is there; undefined while nobody can say. */
export function secondsLeft({ perSecond }: Pace, left: number): number | undefined {
  return perSecond === undefined || perSecond < 1 ? undefined : left / perSecond
}

/** In the words of a person who waits: `12 s left`, `4 min left`. */
export function leftText(seconds: number): string {
  if (seconds < 1) return 'a moment left'
  if (seconds < 90) return `${Math.ceil(seconds)} s left`
  if (seconds < 5400) return `${Math.round(seconds / 60)} min left`
  return `${(seconds / 3600).toFixed(1)} h left`
}
