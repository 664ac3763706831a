/** Twice as much memory as a limit such as `512Mi` or `4 GB` allows, as canvas.yaml says it; undefined if it says none. */
export function twice(limit: string | undefined): string | undefined {
  const [, number, unit = ''] = /^(\d+(?:\.\d+)?)\s*([A-Za-z]*)$/.exec(limit?.trim() ?? '') ?? []
  if (number === undefined) return undefined
  const more = 2 * Number(number)
  const next = { Mi: 'Gi', Gi: 'Ti' }[unit]
  return next !== undefined && more % 1024 === 0 ? `${more / 1024}${next}` : `${more}${unit}`
}
