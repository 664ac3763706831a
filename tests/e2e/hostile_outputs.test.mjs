// Hostile outputs in the app as it is served reach nothing; each is shown live by reaching something with the controls off.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { framePolicy, pagePolicy } from '../../web/scripts/output_frame.mjs'
import { serve } from './desk.mjs'
import { payloads } from './hostile/payloads.mjs'
import { startServers } from './hostile/servers.mjs'

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..')
const fromWeb = createRequire(join(root, 'web/package.json'))
const { chromium } = fromWeb('playwright-core')
const MarkdownIt = fromWeb('markdown-it')
const only = process.env.HOSTILE ?? ''

/** What cannot share a page while nothing holds it back. */
const alone = /\b(top|parent)\.location|_top|_parent|alert|confirm|print\(|location\.reload|frameElement\.outer/
const together = 12
/** What Chromium (156) ends the frame's process for; Playwright then takes the whole page for crashed. */
const fatal = /srcdoc=.*RTCPeerConnection/

let browser, workspace, server, servers, list, state
before(async () => {
  workspace = mkdtempSync(join(tmpdir(), 'easel-e2e-'))
  server = await serve(workspace)
  servers = await startServers(server.url)
  list = payloads(servers).filter(({ id }) => id.startsWith(only))
  browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu'],
  })
  // Somebody is signed in, and has a cookie that scripts of the app could read.
  const context = await browser.newContext()
  const page = await context.newPage()
  await page.goto(servers.app + new URL(server.link).hash)
  await page.getByRole('button', { name: 'New canvas' }).first().waitFor()
  await context.addCookies([{ name: 'peek', value: 'secret', url: servers.app }])
  state = await context.storageState()
  assert.ok(state.cookies.some(({ name, httpOnly }) => name !== 'peek' && httpOnly))
  await context.close()
})
after(async () => {
  await browser?.close()
  servers?.close()
  await server?.stop()
  rmSync(workspace, { recursive: true, force: true })
})

/** A page that notes what was reached; `reached()` has the payloads. */
async function watched() {
  const context = await browser.newContext({ storageState: state })
  const page = await context.newPage()
  const hits = new Set()
  const known = new Set(list.map(({ id }) => id))
  const hit = (text) => {
    for (const [id] of decodeURIComponent(text).matchAll(/\b[a-z]+_\d+\b/g)) if (known.has(id)) hits.add(id)
  }
  const from = servers.seen.length
  context.on('page', async (other) => other !== page && hit(`popup ${other.url()}`))
  page.on('dialog', (dialog) => (hit(dialog.message()), void dialog.dismiss()))
  page.on('download', (download) => hit(`download ${download.url()}`))
  page.on('framenavigated', (frame) => frame === page.mainFrame() && hit(frame.url()))
  await page.addInitScript(() => {
    if (window !== top) return
    window.__hits = []
    window.__ready = new Set()
    window.__hit = (id) => window.__hits.push(id)
    addEventListener('message', ({ data, source }) => {
      if (data?.easel === 'frame-ready') window.__ready.add(source)
      if (typeof data?.stolen === 'string' && data.stolen.includes('secret')) window.__hits.push(data.stolen)
    })
  })
  const reached = async () => {
    const inside = await page
      .evaluate(() => [...(window.__hits ?? []), document.title, document.cookie, ...Object.keys(localStorage), ...Object.keys(sessionStorage)])
      .catch(() => [])
    inside.forEach(hit)
    servers.seen.slice(from).forEach(hit)
    return hits
  }
  return { context, page, reached }
}

const clickAll = () => {
  for (const e of document.querySelectorAll('a, area, button, input')) {
    if (e.closest('.card, .rail, .top, .panel, .bar') && !e.closest('.prose, .stream, .json, .plot')) continue
    if (e.namespaceURI.endsWith('svg')) e.dispatchEvent(new MouseEvent('click', { bubbles: true, cancelable: true }))
    else e.click()
  }
}
async function clickEverywhere(page) {
  await Promise.all(page.frames().map((frame) => frame.evaluate(clickAll).catch(() => undefined)))
}

function fixture(some) {
  const events = some.map(({ type, payload }) =>
    type === 'error'
      ? {
          event: 'block.error',
          block: 'b',
          ename: payload,
          evalue: payload,
          traceback: `${payload}\n  block \`b\`, line 1\n    ${payload}`,
          line: 1,
          kind: 'exception',
        }
      : type === 'text/plain'
        ? { event: 'block.output', block: 'b', stream: 'stderr', text: payload }
        : {
            event: 'block.display',
            block: 'b',
            data: {
              [type]: payload,
              'text/plain': typeof payload === 'string' ? payload : JSON.stringify(payload),
            },
          },
  )
  const block = {
    id: 'b',
    kind: 'python',
    name: 'b',
    code: '1',
    at: { x: 0, y: 0 },
    size: { w: 700, h: 500 },
    settings: {},
  }
  return {
    name: 'hostile',
    blocks: [block],
    edges: [],
    events,
    states: { b: { state: 'up_to_date', reason: '' } },
    variables: {},
    attempts: [],
  }
}

/** What a page without controls makes of an output. */
function naive({ type, payload }) {
  const md = new MarkdownIt({ html: true })
  md.validateLink = () => true
  switch (type) {
    case 'text/markdown':
      return md.render(payload)
    case 'application/json':
    case 'application/vnd.plotly.v1+json':
    case 'application/vnd.vegalite.v5+json': {
      const texts = []
      JSON.stringify(payload, (key, value) => (texts.push(key, typeof value === 'string' ? value : ''), value))
      const own = JSON.stringify(payload).replaceAll('\\"', '"')
      return [...texts.map((text) => (/^https?:/.test(text) ? `<img src="${text}">` : text)), own].join(' ')
    }
    default:
      return payload
  }
}

/** How long the slowest payload took to reach something; what is held back gets more time than that. */
let slowestMs = 150

/** Those of some payloads that reach something in one page without controls. */
async function liveOf(some, patience) {
  const { context, page, reached } = await watched()
  await page.goto(`${servers.app}/off`)
  const begun = performance.now()
  const write = page.evaluate((pages) => {
    for (const html of pages) {
      const frame = document.createElement('iframe')
      document.querySelector('#place').append(frame)
      frame.contentDocument.open()
      frame.contentDocument.write(`<!doctype html><body>${html}`)
      frame.contentDocument.close()
    }
  }, some.map(naive))
  await Promise.race([write.catch(() => undefined), new Promise((done) => setTimeout(done, 2000))])
  let last = 0
  let live = await reached()
  for (let n = 0; performance.now() - begun < patience && some.some(({ id }) => !live.has(id)); n++) {
    if (n === 2) await clickEverywhere(page)
    const before = live.size
    live = new Set(await reached())
    if (live.size > before) last = performance.now() - begun
    await new Promise((done) => setTimeout(done, 30))
  }
  slowestMs = Math.max(slowestMs, Math.min(last, 1500))
  await context.close()
  return live
}
const chunks = (all, n) => Array.from({ length: Math.ceil(all.length / n) }, (_, i) => all.slice(i * n, (i + 1) * n))

test('with the controls off every payload is live', { timeout: 600_000 }, async () => {
  const left = new Map(list.map((payload) => [payload.id, payload]))
  const social = list.filter(({ payload }) => !alone.test(JSON.stringify(payload)))
  for (const some of chunks(social, together)) for (const id of await liveOf(some, 1000)) left.delete(id)
  // Alone, what went alone from the first and what somebody else on the page was in the way of.
  for (const payload of [...left.values()]) for (const id of await liveOf([payload], 4000)) left.delete(id)
  assert.deepEqual([...left.keys()], [])
})

test('the server says of a frame what the preview says', async () => {
  const answer = await fetch(`${server.url}/frame`)
  assert.equal(answer.headers.get('content-security-policy'), framePolicy)
  assert.equal(answer.headers.get('connection-allowlist'), '()')
  assert.equal(answer.headers.get('x-dns-prefetch-control'), 'off')
  assert.equal((await fetch(`${server.url}/`)).headers.get('content-security-policy'), pagePolicy)
})

test('scripts of an output do run, in a frame without an origin', async () => {
  const { context, page } = await watched()
  const payload = "<script>parent.postMessage({stolen:'secret '+origin},'*')</script>"
  await page.addInitScript((given) => (globalThis.__easelFixture = given), fixture([{ type: 'text/html', payload }]))
  await page.goto(`${servers.app}/dev.html?canvas=given`)
  await page.waitForFunction(() => window.__hits.includes('secret null'))
  await context.close()
})

/** A page of the app that shows these; `also` runs in it first. */
async function showing(some, also = () => undefined) {
  const view = await watched()
  await view.page.addInitScript(also)
  await view.page.addInitScript((given) => {
    if (window === top) globalThis.__easelFixture = given
  }, fixture(some))
  await view.page.goto(`${servers.app}/dev.html?canvas=given`)
  return view
}

test('a frame that the browser ends reaches nothing, and the app around it goes on', { timeout: 60_000 }, async () => {
  for (const payload of list.filter(({ payload }) => fatal.test(payload))) {
    const { page, context, reached } = await showing([payload], () => {
      if (window === top) setInterval(() => fetch('/hit/alive'), 100)
    })
    const wait = (ms) => new Promise((done) => setTimeout(done, ms))
    await Promise.race([page.waitForEvent('crash', { timeout: 0 }).catch(() => undefined), wait(4 * slowestMs)])
    const breaths = () => servers.seen.filter((path) => path === '/hit/alive').length
    const before = breaths()
    while (breaths() < before + 5) await wait(50)
    assert.ok(!(await reached()).has(payload.id), payload.id)
    await context.close()
  }
})

test('in the app they reach nothing', { timeout: 600_000 }, async () => {
  assert.ok(list.length >= 200 || only)
  const harmless = list.filter(({ payload }) => !fatal.test(payload))
  const reached = new Set()
  for (const some of chunks(harmless, 36)) {
    const view = await showing(some)
    // Text that follows text is one output.
    const outputs = some.filter(({ type }, i) => type !== 'text/plain' || some[i - 1]?.type !== 'text/plain').length
    await view.page.waitForFunction((n) => document.querySelectorAll('.card .output').length === n && !document.querySelector('.frame.waiting'), outputs)
    // Every frame has asked for its document, and has it.
    await view.page.waitForFunction(() => window.__ready.size >= document.querySelectorAll('iframe').length)
    // That nothing happens can only be waited for by time: twice what the slowest needed when nothing was in its way.
    await view.page.waitForTimeout(2 * slowestMs)
    await clickEverywhere(view.page)
    await view.page.waitForTimeout(2 * slowestMs)
    for (const id of await view.reached()) reached.add(id)
    assert.match(view.page.url(), /dev\.html/)
    assert.equal(await view.page.locator('.card').count(), 1)
    assert.equal(await view.page.locator('.card .output').count(), outputs)
    await view.context.close()
  }
  assert.deepEqual([...reached], [])
})
