// Try with a real browser what only hands can: drag, connect, click an edge, edit, undo. Prints a line each; 1 on failure.
import { openBrowser } from './page.mjs'

const { browser, address, close } = await openBrowser()
const page = await browser.newPage({ viewport: { width: 1440, height: 900 }, reducedMotion: 'reduce' })
const errors = []
page.on('pageerror', (error) => errors.push(String(error)))
await page.goto(`${address}?canvas=quickstart`)
await page.waitForSelector('.card .tok-keyword')
let bad = 0
const check = (name, good, seen = '') => {
  console.log(`${good ? 'ok ' : 'NOT'} ${name} ${good ? '' : seen}`)
  if (!good) bad++
}
const card = (name) => page.locator(`article[aria-label="${name}"]`)
const middleOf = async (locator) => {
  const box = await locator.boundingBox()
  return [box.x + box.width / 2, box.y + box.height / 2]
}
const before = await card('load').boundingBox()
const [hx, hy] = await middleOf(card('load').locator('h3'))
await page.mouse.move(hx, hy)
await page.mouse.down()
await page.mouse.move(hx + 40, hy + 60, { steps: 40 })
const lifted = await page.locator('.hot-edges path').count()
await page.mouse.up()
await page.waitForTimeout(200)
const after = await card('load').boundingBox()
check('a drag moves the block', Math.abs(after.y - before.y - 60) < 3, JSON.stringify([before, after]))
check('its edges follow above the painting', lifted >= 1, lifted)
await page.keyboard.press('z')
await page.waitForTimeout(200)
check('Z takes the drag back', Math.abs((await card('load').boundingBox()).y - before.y) < 3)

await page.keyboard.press('Escape')
const [ox, oy] = await middleOf(card('load').locator('.port.out'))
const [ix] = await middleOf(card('clean').locator('.port.in'))
await page.mouse.click((ox + ix) / 2, oy)
check('a painted edge can be clicked', (await page.locator('.hot-edges .chosen').count()) === 1)
await page.keyboard.press('Delete')
check('Delete disconnects it', (await page.locator('.hot-edges path').count()) === 0)
await page.keyboard.press('z')

const out = await middleOf(card('clean').locator('.port.out'))
const into = await middleOf(card('load').locator('.port.in'))
await page.mouse.move(...out)
await page.mouse.down()
await page.mouse.move(...into, { steps: 8 })
await page.mouse.up()
const said = await page.locator('.notice').textContent()
check('a cycle is refused by name', said === 'That would be a cycle: load → clean → load.', said)

await card('clean').locator('h3').click()
await page.keyboard.press('Enter')
await page.waitForSelector('.cm-editor')
check('one editor is live', (await page.locator('.cm-editor').count()) === 1)
await page.keyboard.type('x')
check('an edit makes the block stale', (await card('clean').locator('.state.stale').count()) === 1)
await page.keyboard.press('Escape')
// The first one may have closed a list of completions.
if (await page.locator('.cm-editor').count()) await page.keyboard.press('Escape')
check('Esc leaves the editor', (await page.locator('.cm-editor').count()) === 0)
await page.keyboard.press('Shift+Enter')
await page.waitForTimeout(2500)
check('Shift+Enter runs it', (await card('clean').locator('.state.up_to_date').count()) === 1)
await page.keyboard.press('Control+k')
await page.keyboard.type('tidy')
await page.keyboard.press('Enter')
check('the palette runs a command', (await page.locator('.palette-input').count()) === 0)
check('no error in the page', errors.length === 0, errors.join('\n'))
await close()
process.exit(bad ? 1 : 0)
