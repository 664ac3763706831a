/**
 * The page of an output that may hold scripts. The frame has `sandbox="allow-scripts"` and no more: an opaque origin,
 * without the app's cookies, storage, or window. Its policy lets nothing in or out but what is in the page.
 */
const policy =
  "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; font-src data:"

export function framePage(body: string, ink: string): string {
  return `<!doctype html><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${policy}">
<style>html{color-scheme:light dark}body{margin:8px 12px;font:12px/1.5 system-ui,sans-serif;color:${ink};overflow:auto}svg,img{max-width:100%;height:auto}</style>
<body>${body}</body>`
}

/** A figure's data as text that no script tag can end. */
export function scriptData(value: unknown): string {
  return JSON.stringify(value).replaceAll('<', '\\u003c')
}
