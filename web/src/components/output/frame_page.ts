/**
 * The document of an output that may hold scripts. It is written into `/frame`: a page of our own with a policy of its own,
 * in a frame with `sandbox="allow-scripts"` and no more, so an opaque origin, without the app's cookies, storage or window.
 * (A srcdoc would inherit the app's policy, which allows no inline script.) The policy here says again what the header of
 * `/frame` says: nothing comes in or goes out but what is in the page.
 */
const policy =
  "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; " +
  "img-src data: blob:; font-src data:; media-src data: blob:; worker-src blob:; base-uri 'none'; form-action 'none'"

export interface FrameLook {
  readonly ink: string
  readonly line: string
  readonly dark: boolean
}

/** `own` is script of ours, before anything of the output. */
export function framePage(body: string, look: FrameLook, own: readonly string[] = []): string {
  const scripts = own.map((text) => `<script>${scriptText(text)}</script>`).join('')
  return `<!doctype html><html><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${policy}">
<style>html{color-scheme:${look.dark ? 'dark' : 'light'}}body{margin:8px 12px;font:12px/1.5 Inter,system-ui,sans-serif;color:${look.ink};overflow:auto;background:transparent}svg,img{max-width:100%;height:auto}table{border-collapse:collapse;font-variant-numeric:tabular-nums}td,th{padding:3px 8px;border-bottom:1px solid ${look.line};text-align:right}thead th{font-weight:500}</style>
${scripts}</head><body>${body}<script>${sizeReport}</script></body></html>`
}

// Tells how high the content is; the page around bounds what it makes of it.
const sizeReport = `(()=>{const tell=()=>parent.postMessage({easel:'frame-height',height:Math.ceil(Math.max(document.body.scrollHeight,document.body.getBoundingClientRect().height))+16},'*');new ResizeObserver(tell).observe(document.body);tell()})()`

/** Script text that no end tag in it can end early. */
export function scriptText(text: string): string {
  return text.replaceAll(/<\/(script)/gi, '<\\/$1').replaceAll('<!--', '<\\!--')
}

/** A value as script text: no tag, and no line end that a string cannot hold. */
export function scriptData(value: unknown): string {
  return JSON.stringify(value)
    .replaceAll('<', '\\u003c')
    .replaceAll('\u2028', '\\u2028')
    .replaceAll('\u2029', '\\u2029')
}
