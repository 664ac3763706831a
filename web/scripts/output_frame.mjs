// The headers and the page of `/frame` as the server sends them (src/server/static_files.cc), for the preview, where there is
// no server; tests/e2e/hostile_outputs.test.mjs holds them against the server's.
export const pagePolicy =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; " +
  "font-src 'self' data:; frame-src 'self'; worker-src 'self' blob:; media-src blob: data:; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'; connect-src 'self'"
export const framePolicy =
  "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; " +
  "style-src 'unsafe-inline'; img-src data: blob:; font-src data:; media-src data: blob:; worker-src blob:; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'self'; webrtc 'block'"
export const framePage = `<!doctype html><meta charset="utf-8"><title>Output</title><script>
addEventListener('message', function take(event) {
  if (event.source !== parent || typeof event.data !== 'object' || typeof event.data.html !== 'string') return
  removeEventListener('message', take)
  document.open(); document.write(event.data.html); document.close()
})
parent.postMessage({ easel: 'frame-ready' }, '*')
</script>`

/** For vite: `/frame` in `npm run dev` and in the preview, and the page's own policy in the preview. */
export function outputFrame() {
  const middleware = (policies) => (request, response, next) => {
    const path = request.url?.split('?')[0]
    if (path === '/frame') {
      response.setHeader('Content-Type', 'text/html; charset=utf-8')
      response.setHeader('Content-Security-Policy', framePolicy)
      response.setHeader('Connection-Allowlist', '()')
      response.setHeader('X-DNS-Prefetch-Control', 'off')
      return response.end(framePage)
    }
    if (policies && (path === '/' || path?.endsWith('.html')))
      response.setHeader('Content-Security-Policy', pagePolicy)
    next()
  }
  return {
    name: 'output-frame',
    configureServer: (server) => void server.middlewares.use(middleware(false)),
    configurePreviewServer: (server) => void server.middlewares.use(middleware(true)),
  }
}
