// The app as the server sends it, and somebody else's server: both remember who came.
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { extname, join, normalize } from 'node:path'

const types = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.woff2': 'font/woff2' }
const listen = (server) =>
  new Promise((done) => server.listen(0, '127.0.0.1', () => done(`http://127.0.0.1:${server.address().port}`)))

export async function startServers({ dist, pagePolicy, framePolicy, framePage }) {
  const seen = []
  const note = (where) => (request, response) => {
    seen.push({ where, url: request.url, method: request.method, cookie: request.headers.cookie ?? '' })
    response.setHeader('Access-Control-Allow-Origin', '*')
    response.end('hit')
  }
  const evilServer = createServer(note('evil'))
  const noteApp = note('app')
  const appServer = createServer((request, response) => {
    const path = request.url.split('?')[0]
    if (path.startsWith('/hit/')) return noteApp(request, response)
    response.setHeader('Set-Cookie', ['easel_session=secret; HttpOnly; SameSite=Strict; Path=/', 'peek=secret; Path=/'])
    if (path === '/frame') {
      response.setHeader('Content-Type', 'text/html; charset=utf-8')
      response.setHeader('Content-Security-Policy', framePolicy)
      return response.end(framePage)
    }
    // The same without any control: what an output does if nothing is in its way.
    if (path === '/off') {
      response.setHeader('Content-Type', 'text/html; charset=utf-8')
      return response.end('<!doctype html><title>off</title><script>window.__hit=(id)=>{(window.__hits??=[]).push(id)}</script><div id=place></div>')
    }
    try {
      const file = readFileSync(join(dist, normalize(path)))
      response.setHeader('Content-Type', types[extname(path)] ?? 'application/octet-stream')
      if (path.endsWith('.html')) response.setHeader('Content-Security-Policy', pagePolicy)
      response.end(file)
    } catch {
      response.statusCode = 404
      response.end()
    }
  })
  const [app, evil] = [await listen(appServer), await listen(evilServer)]
  const close = () => {
    for (const server of [appServer, evilServer]) {
      server.closeAllConnections()
      server.close()
    }
  }
  return { app, evil, seen, close }
}
