/** `12 ms`, `2.4 s`, `0:14` while it counts, `12:05`, `1:02:03`. */
export function duration(seconds: number, counting = false): string {
  const two = (n: number) => String(Math.floor(n)).padStart(2, '0')
  if (!counting && seconds < 0.1) return `${Math.max(1, Math.round(seconds * 1000))} ms`
  if (!counting && seconds < 60) return `${seconds.toFixed(1)} s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)}:${two(seconds % 60)}`
  return `${Math.floor(seconds / 3600)}:${two((seconds % 3600) / 60)}:${two(seconds % 60)}`
}
