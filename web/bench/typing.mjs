// UI3: from a key going down to the frame that shows its character, in an editor, while another block prints.
//
//   node bench/typing.mjs URL CHARACTERS     URL: a canvas with blocks `talk` and `write`, with the one-time token
//
// Prints one JSON object: {"quiet": [ms], "loud": [ms], "lines": of the last second}; times are the page's: from the event's
// own time stamp until after the frame in which the editor's text has changed was drawn.
import { launch } from './page.mjs'

const [url, count] = process.argv.slice(2)
const browser = await launch()
const page = await (await browser.newContext({ viewport: { width: 1440, height: 900 } })).newPage()
page.setDefaultTimeout(60_000)
page.on('pageerror', (error) => console.error(String(error)))
await page.goto(url)
await page.locator('article[aria-label="talk"]').waitFor()

await page.evaluate(() => {
  globalThis.__times = []
  let pressed
  addEventListener('keydown', (event) => (pressed = event.timeStamp), true)
  const { port1, port2 } = new MessageChannel()
  let shown
  port2.onmessage = () => {
    globalThis.__times.push(performance.now() - shown)
    shown = undefined
  }
  new MutationObserver((changes) => {
    if (pressed === undefined || !changes.some(({ target }) => target.parentElement?.closest('.cm-content')))
      return
    shown = pressed
    pressed = undefined
    // Drawn: the task after the frame.
    requestAnimationFrame(() => port1.postMessage(0))
  }).observe(document.body, { subtree: true, childList: true, characterData: true })
})

async function type() {
  await page.locator('article[aria-label="write"]').getByRole('heading').click()
  await page.keyboard.press('Enter')
  await page.locator('.cm-content').waitFor()
  await page.waitForFunction(() => document.activeElement?.matches('.cm-content'))
  await page.evaluate(() => (globalThis.__times.length = 0))
  for (let i = 0; i < Number(count); i++) {
    // A quick typist, never in step with the frames: so long a key is down.
    await page.keyboard.press('abcdefgh'[i % 8], { delay: 60 + ((i * 7) % 40) })
    await page.waitForFunction((n) => globalThis.__times.length > n, i)
  }
  const times = await page.evaluate(() => globalThis.__times.splice(0))
  await page.keyboard.press('Escape')
  if (await page.locator('.cm-editor').count()) await page.keyboard.press('Escape')
  await page.locator('.cm-editor').waitFor({ state: 'detached' })
  return times
}

const quiet = await type()
await page.locator('article[aria-label="talk"]').getByRole('heading').click()
await page.keyboard.press('Control+Enter')
const shownLine = () =>
  page.evaluate(() => {
    const numbers = document
      .querySelector('article[aria-label="talk"] .output, article[aria-label="talk"]')
      .textContent.match(/line (\d+)/g)
    return numbers ? Number(numbers.at(-1).slice(5)) : 0
  })
await page
  .locator('article[aria-label="talk"]')
  .getByText(/line \d+/)
  .first()
  .waitFor()
const [first, began] = [await shownLine(), Date.now()]
const loud = await type()
const lines = ((await shownLine()) - first) / ((Date.now() - began) / 1000)
console.log(JSON.stringify({ quiet, loud, lines }))
await page.locator('article[aria-label="talk"]').getByRole('heading').click()
await page.keyboard.press('Control+.')
await browser.close()
