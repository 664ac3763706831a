// Hostile outputs in the app as it is served reach nothing; each is shown live by reaching something with the controls off.
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { framePage, framePolicy, pagePolicy } from '../../web/scripts/output_frame.mjs'
import { payloads } from './hostile/payloads.mjs'
import { startServers } from './hostile/servers.mjs'

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..')
const fromWeb = createRequire(join(root, 'web/package.json'))
const { chromium } = fromWeb('playwright-core')
const MarkdownIt = fromWeb('markdown-it')
const only = process.env.HOSTILE ?? ''

let browser, servers, list
before(async () => {
  servers = await startServers({ dist: join(root, 'web/dist'), pagePolicy, framePolicy, framePage })
  list = payloads(servers).filter(({ id }) => id.startsWith(only))
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] })
})
after(async () => {
  await browser?.close()
  servers?.close()
})

/** A page that notes what was reached; `reached()` names the payloads. */
async function watched() {
  const context = await browser.newContext()
  const page = await context.newPage()
  const hits = new Set()
  const ids = (text) => list.map(({ id }) => id).filter((id) => new RegExp(`\\b${id}\\b`).test(text))
  const hit = (text) => ids(decodeURIComponent(text)).forEach((id) => hits.add(id))
  servers.seen.length = 0
  context.on('page', async (other) => other !== page && hit(`popup ${other.url()}`))
  page.on('dialog', (dialog) => (hit(dialog.message()), void dialog.dismiss()))
  page.on('download', (download) => hit(`download ${download.url()}`))
  page.on('framenavigated', (frame) => frame === page.mainFrame() && hit(frame.url()))
  await page.addInitScript(() => {
    if (window !== top) return
    window.__hits = []
    window.__hit = (id) => window.__hits.push(id)
    addEventListener('message', ({ data }) => {
      if (typeof data?.stolen === 'string' && data.stolen.includes('secret')) window.__hits.push(data.stolen)
    })
  })
  const reached = async () => {
    const inside = await page.evaluate(() => [...(window.__hits ?? []), document.title]).catch(() => [])
    inside.forEach(hit)
    servers.seen.forEach(({ url }) => hit(url))
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
  for (const frame of page.frames()) await frame.evaluate(clickAll).catch(() => undefined)
}

function fixture(some) {
  const events = some.map(({ type, payload }) =>
    type === 'error'
      ? { event: 'block.error', block: 'b', ename: payload, evalue: payload, traceback: `${payload}\n  block \`b\`, line 1\n    ${payload}`, line: 1, kind: 'exception' }
      : type === 'text/plain'
        ? { event: 'block.output', block: 'b', stream: 'stderr', text: payload }
        : { event: 'block.display', block: 'b', data: { [type]: payload, 'text/plain': typeof payload === 'string' ? payload : JSON.stringify(payload) } },
  )
  const block = { id: 'b', kind: 'python', name: 'b', code: '1', at: { x: 0, y: 0 }, size: { w: 700, h: 500 }, settings: {} }
  return { name: 'hostile', blocks: [block], edges: [], events, states: { b: { state: 'up_to_date', reason: '' } }, variables: {}, attempts: [] }
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

test('with the controls off every payload is live', { timeout: 600_000 }, async () => {
  const dead = []
  for (const payload of list) {
    const { context, page, reached } = await watched()
    await page.goto(`${servers.app}/off`)
    const live = async () => (await reached()).has(payload.id)
    await page
      .evaluate((html) => {
        const frame = document.createElement('iframe')
        document.querySelector('#place').append(frame)
        frame.contentDocument.open()
        frame.contentDocument.write(`<!doctype html><body>${html}`)
        frame.contentDocument.close()
      }, naive(payload))
      .catch(() => undefined)
    for (let i = 0; i < 12 && !(await live()); i++) {
      if (i === 2) await clickEverywhere(page)
      await new Promise((done) => setTimeout(done, 60))
    }
    if (!(await live())) dead.push(payload.id)
    await context.close()
  }
  assert.deepEqual(dead, [])
})

test('scripts of an output do run, in a frame without an origin', async () => {
  const { context, page } = await watched()
  const payload = "<script>parent.postMessage({stolen:'secret '+origin},'*')</script>"
  await page.addInitScript((given) => (globalThis.__easelFixture = given), fixture([{ type: 'text/html', payload }]))
  await page.goto(`${servers.app}/dev.html?canvas=given`)
  await page.waitForFunction(() => window.__hits.includes('secret null'))
  await context.close()
})

test('in the app they reach nothing', { timeout: 600_000 }, async () => {
  assert.ok(list.length >= 60 || only)
  const reached = new Set()
  for (const family of new Set(list.map((payload) => payload.family))) {
    const some = list.filter((payload) => payload.family === family)
    const view = await watched()
    await view.page.addInitScript((given) => {
      if (window === top) globalThis.__easelFixture = given
    }, fixture(some))
    await view.page.goto(`${servers.app}/dev.html?canvas=given`)
    await view.page.waitForSelector('.card .output')
    const frames = some.filter(({ type }) => /html|vega|plotly/.test(type) && family !== 'breakout').length
    // All of them have become what they are: each frame has taken its document.
    await view.page.waitForFunction((n) => document.querySelectorAll('iframe[style*="height"]').length >= n, Math.ceil(frames / 2), { timeout: 20_000 }).catch(() => undefined)
    await view.page.waitForTimeout(1200)
    await clickEverywhere(view.page)
    await view.page.waitForTimeout(800)
    for (const id of await view.reached()) reached.add(id)
    assert.match(view.page.url(), /dev\.html/, family)
    assert.equal(await view.page.locator('.card').count(), 1, family)
    const shown = await view.page.locator('.card .output').count()
    assert.equal(shown, some.length - (family === 'text' ? some.length - 1 : 0), family)
    await view.context.close()
  }
  assert.deepEqual([...reached], [])
})
