/** Have the browser save a canvas: its code, its files and what says how they belong together. */
export function exportCanvas(canvas: string): void {
  const link = document.createElement('a')
  link.href = `/api/v1/canvases/${encodeURIComponent(canvas)}/export`
  link.download = `${canvas}.zip`
  link.click()
}
