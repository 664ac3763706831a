// The real server behind a gate that remembers who came, and somebody else's server: by HTTP, STUN and TURN.
import { createSocket } from 'node:dgram'
import { createServer, request as send } from 'node:http'
import { createServer as createTcpServer } from 'node:net'

const here = '127.0.0.1'
const listen = (server) => new Promise((done) => server.listen(0, here, () => done(`${here}:${server.address().port}`)))

/** `app` is what browsers take for the server at `real`: its answers, whole and with their headers, but for `/hit/` and `/off`. */
export async function startServers(real) {
  const seen = []
  const note = (request, response) => {
    seen.push(request.url)
    response.setHeader('Access-Control-Allow-Origin', '*')
    response.end('hit')
  }
  const evilServer = createServer(note)
  const appServer = createServer((request, response) => {
    const path = request.url.split('?')[0]
    if (path.startsWith('/hit/')) return note(request, response)
    // The same origin without any control: what an output does if nothing is in its way.
    if (path === '/off') {
      response.setHeader('Content-Type', 'text/html; charset=utf-8')
      return response.end('<!doctype html><title>off</title><div id=place></div>')
    }
    const { host } = new URL(real)
    const headers = {
      ...request.headers,
      host,
      ...(request.headers.origin && { origin: real }),
    }
    const onward = send(`${real}${request.url}`, { method: request.method, headers }, (answer) => {
      response.writeHead(answer.statusCode, answer.headers)
      answer.pipe(response)
    })
    onward.on('error', () => response.destroy())
    request.pipe(onward)
  })
  // Their protocols name no payload: each has a port of its own.
  const open = []
  const spare = { stun: [], turn: [] }
  for (let i = 0; i < 3; i++) {
    const [udp, owner] = [createSocket('udp4'), {}]
    udp.on('message', () => seen.push(`/hit/${owner.id}`))
    await new Promise((done) => udp.bind(0, here, done))
    const tcp = createTcpServer((socket) => {
      seen.push(`/hit/${owner.ofTcp}`)
      socket.on('error', () => undefined)
      socket.destroy()
    })
    open.push(udp, tcp)
    spare.stun.push((id) => ((owner.id = id), `${here}:${udp.address().port}`))
    const at = await listen(tcp)
    spare.turn.push((id) => ((owner.ofTcp = id), at))
  }
  const [app, evil] = [await listen(appServer), await listen(evilServer)]
  const close = () => {
    for (const server of [appServer, evilServer]) server.closeAllConnections()
    for (const server of [appServer, evilServer, ...open]) server.close()
  }
  const take = (kind) => (id) => spare[kind].shift()(id)
  return {
    app: `http://${app}`,
    evil: `http://${evil}`,
    stun: take('stun'),
    turn: take('turn'),
    seen,
    close,
  }
}
