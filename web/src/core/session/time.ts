const steps: readonly (readonly [limitMs: number, unitMs: number, word: string])[] = [
  [3600e3, 60e3, 'minute'],
  [86400e3, 3600e3, 'hour'],
  [14 * 86400e3, 86400e3, 'day'],
]

/** `just now`, `5 minutes ago`, `yesterday`, a date once it is two weeks. */
export function ago(atMs: number, nowMs = Date.now()): string {
  const passed = nowMs - atMs
  if (passed < 60e3) return 'just now'
  const step = steps.find(([limit]) => passed < limit)
  if (!step) return `on ${new Date(atMs).toLocaleDateString('en', { dateStyle: 'medium' })}`
  const n = Math.floor(passed / step[1])
  if (n === 1 && step[2] === 'day') return 'yesterday'
  return `${n} ${step[2]}${n === 1 ? '' : 's'} ago`
}

/** `14:05:09` today, with its date before that. */
export function clock(atMs: number, nowMs = Date.now()): string {
  const at = new Date(atMs)
  const time = at.toLocaleTimeString('en-GB')
  if (at.toDateString() === new Date(nowMs).toDateString()) return time
  return `${at.toLocaleDateString('en', { month: 'short', day: 'numeric' })}, ${time}`
}
