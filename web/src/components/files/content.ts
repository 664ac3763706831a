/** Where a file's bytes are, as this server shows them. */
export function contentUrl(canvas: string, path: string): string {
  return `/api/v1/canvases/${encodeURIComponent(canvas)}/files/content?path=${encodeURIComponent(path)}`
}

export function bytesText(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`
  const units = ['kB', 'MB', 'GB', 'TB']
  let value = bytes / 1000
  let unit = 0
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000
    unit++
  }
  return `${value.toFixed(value < 10 ? 1 : 0)} ${units[unit]}`
}
