import type { Schemas } from '../api/client'

type Run = Schemas['Run']
const modes: Record<string, string> = {
  all: 'Run all',
  only: 'Run block',
  to: 'Run up to',
  from: 'Run from',
  changed: 'Run changed',
}
const counted = ['ran', 'restored', 'failed', 'skipped', 'cancelled'] as const

export const modeWords = (mode: string) => modes[mode] ?? mode

/** `7 ran, 3.2 s`: what a run did, or what it does. */
export function runWords({ status, counts = {}, created_ms, finished_ms }: Run): string {
  if (status === 'running') return 'runs now'
  const parts = counted.flatMap((word) => (counts[word] ? [`${counts[word]} ${word}`] : []))
  if (parts.length === 0) parts.push(counts['up_to_date'] ? 'all up to date' : status)
  if (typeof finished_ms === 'number') {
    const seconds = (finished_ms - created_ms) / 1000
    parts.push(seconds < 0.05 ? 'at once' : `${seconds.toFixed(1)} s`)
  }
  return parts.join(', ')
}
