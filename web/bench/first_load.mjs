// UI2: a page that nobody has opened before: until its first blocks or cells are drawn, and until a character that is typed
// into one is there. Each load is a new browser context, so that nothing is cached.
//
//   node bench/first_load.mjs ROUNDS NAME=KIND=URL...     KIND: easel, jupyter, marimo; prints one JSON object a load
//
// easel's URL holds its one-time link's token, which is used before anything is measured. Loads are interleaved.
import { launch } from './page.mjs'

const kinds = {
  easel: {
    drawn: 'article .code',
    async edit(page) {
      await page.locator('article').first().getByRole('heading').click()
      await page.keyboard.press('Enter')
    },
    editor: '.cm-content',
  },
  jupyter: {
    drawn: '.jp-Notebook .jp-CodeCell .cm-content',
    edit: (page) => page.locator('.jp-Notebook .jp-CodeCell .cm-content').first().click(),
    editor: '.jp-Notebook .jp-CodeCell .cm-content',
  },
  marimo: {
    drawn: '.marimo-cell .cm-content',
    edit: (page) => page.locator('.marimo-cell .cm-content').first().click(),
    editor: '.marimo-cell .cm-content',
  },
}
const [rounds, ...given] = process.argv.slice(2)
const pages = given.map((one) => one.match(/^([^=]+)=([^=]+)=(.+)$/).slice(1))
const browser = await launch()
const states = new Map()
for (const [name, kind, url] of pages)
  if (kind === 'easel') {
    const context = await browser.newContext()
    const page = await context.newPage()
    const signedIn = page.waitForResponse((answer) => answer.url().endsWith('/session') && answer.ok())
    await page.goto(url)
    await signedIn
    states.set(name, await context.storageState())
    await context.close()
  }

for (let round = 0; round < Number(rounds); round++)
  for (const [name, kind, url] of pages) {
    const { drawn, edit, editor } = kinds[kind]
    const context = await browser.newContext({
      viewport: { width: 1440, height: 900 },
      ...(states.has(name) && { storageState: states.get(name) }),
    })
    const page = await context.newPage()
    page.setDefaultTimeout(120_000)
    const bytes = await countScripts(page)
    // Seen by the page itself, at its next frame.
    await page.addInitScript((selector) => {
      const look = () => {
        if (globalThis.document.querySelector(selector)) globalThis.__drawn = performance.now()
        else requestAnimationFrame(look)
      }
      requestAnimationFrame(look)
    }, drawn)
    await page.goto(url.replace(/#.*/, ''), { waitUntil: 'commit' })
    await page.waitForFunction(() => globalThis.__drawn)
    const atDrawn = { drawn_ms: await page.evaluate(() => globalThis.__drawn), ...bytes() }
    await edit(page)
    await page.waitForFunction((selector) => document.activeElement?.matches(selector), editor)
    await page.keyboard.type('§')
    await page.waitForFunction(
      (selector) => [...document.querySelectorAll(selector)].some((one) => one.textContent.includes('§')),
      editor,
    )
    const typed_ms = await page.evaluate(() => performance.now())
    console.log(JSON.stringify({ name, ...atDrawn, typed_ms }))
    await context.close()
  }
await browser.close()

/** Bytes of scripts: on the wire, and as they are run. */
async function countScripts(page) {
  const cdp = await page.context().newCDPSession(page)
  const scripts = new Set()
  const [wire, plain] = [new Map(), new Map()]
  await cdp.send('Network.enable')
  cdp.on('Network.responseReceived', ({ requestId, type }) => type === 'Script' && scripts.add(requestId))
  cdp.on('Network.dataReceived', ({ requestId, dataLength }) =>
    plain.set(requestId, (plain.get(requestId) ?? 0) + dataLength),
  )
  cdp.on('Network.loadingFinished', ({ requestId, encodedDataLength }) =>
    wire.set(requestId, encodedDataLength),
  )
  const sum = (of) => [...scripts].reduce((all, id) => all + (of.get(id) ?? 0), 0)
  return () => ({ wire_bytes: sum(wire), script_bytes: sum(plain), scripts: scripts.size })
}
