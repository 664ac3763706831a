// Try with a real browser what only hands can: drag, connect, click an edge, edit, undo. Prints a line each; 1 on failure.
import { openBrowser, settled } from './page.mjs'

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
const [hx, hy] = await middleOf(card('load').locator('h2'))
await page.mouse.move(hx, hy)
await page.mouse.down()
await page.mouse.move(hx + 40, hy + 60, { steps: 40 })
const lifted = await page.locator('.hot-edges path').count()
await page.mouse.up()
await settled(page)
const after = await card('load').boundingBox()
// Places are multiples of 10, whatever the zoom.
check('a drag moves the block', Math.abs(after.y - before.y - 60) < 8, JSON.stringify([before, after]))
check('its edges follow above the painting', lifted >= 1, lifted)
await page.keyboard.press('z')
await settled(page)
check('Z takes the drag back', Math.abs((await card('load').boundingBox()).y - before.y) < 3)

await page.keyboard.press('Escape')
const [ox, oy] = await middleOf(card('load').locator('.port.out'))
const [ix] = await middleOf(card('clean').locator('.port.in'))
// In its middle is the +.
await page.mouse.click((3 * ox + ix) / 4 + 3, oy)
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

await card('clean').locator('h2').click()
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
await card('clean').locator('.state.up_to_date').waitFor()
check('Shift+Enter runs it', (await card('clean').locator('.state.up_to_date').count()) === 1)
await page.keyboard.press('Control+k')
await page.keyboard.type('tidy')
await page.keyboard.press('Enter')
check('the palette runs a command', (await page.locator('.palette-input').count()) === 0)

const named = (name) => page.getByRole('button', { name, exact: true })
const count = () => page.locator('.outline li').count()
const click = (name) => card(name).locator('h2').click()
await page.keyboard.press('Escape')
await page.keyboard.press('z')
await page.reload()
await page.waitForSelector('.card .tok-keyword')
{
  const [fx, fy] = await middleOf(card('load').locator('.port.out'))
  const [tx] = await middleOf(card('clean').locator('.port.in'))
  await page.mouse.move((fx + tx) / 2, fy)
  await page.waitForSelector('.grow.between')
  await page.locator('.grow.between').click()
  check('the + of an edge puts a block between', (await named(/^block, python.*after load/).count()) === 1)
  check('and the child comes after it', (await named(/^clean, python.*after block/).count()) === 1)
  await page.keyboard.press('Escape')
  await page.keyboard.press('Escape')
  await page.keyboard.press('z')
  check('one undo takes it out again', (await named(/^clean, python.*after load/).count()) === 1)
}
{
  await click('load')
  const before = await card('load').boundingBox()
  const [cx, cy] = await middleOf(card('load').locator('.corner'))
  await page.mouse.move(cx, cy)
  await page.mouse.down()
  await page.mouse.move(cx + 30, cy + 50, { steps: 5 })
  await page.mouse.up()
  const after = await card('load').boundingBox()
  check('the corner resizes', after.height > before.height + 30 && after.width > before.width + 10)
  await page.keyboard.press('z')
}
{
  const before = await count()
  const out = await middleOf(card('clean').locator('.port.out'))
  await page.mouse.move(...out)
  await page.mouse.down()
  await page.mouse.move(out[0] + 20, out[1] + 420, { steps: 8 })
  await page.mouse.up()
  await page.waitForSelector('.cm-editor')
  check('an edge dropped on empty stage adds a child', (await count()) === before + 1)
  await page.keyboard.type('bir')
  await page.waitForSelector('.cm-tooltip-autocomplete')
  await settled(page)
  const offered = await page.locator('.cm-tooltip-autocomplete').textContent()
  check('names of the parent are offered', /birds/.test(offered), offered)
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Tab')
  const taken = await page.locator('.cm-content').textContent()
  check('Tab takes one', /^(birds|bill_ratio)/.test(taken), taken)
  await page.keyboard.press('Escape')
  await page.keyboard.press('Escape')
  await page.keyboard.press('Delete')
}
{
  await page.keyboard.press('Shift+F')
  const box = await page.locator('.stage').boundingBox()
  await page.mouse.move(box.x + 6, box.y + 250)
  await page.mouse.down()
  await page.mouse.move(box.x + 700, box.y + box.height - 90, { steps: 6 })
  await page.mouse.up()
  const picked = await page.locator('.card.selected').count()
  check('a marquee selects', picked >= 2, picked)
  await page.keyboard.press('Control+c')
  const before = await count()
  await page.keyboard.press('Control+v')
  await settled(page)
  check('copy and paste', (await count()) === before + picked, `${before} ${picked} ${await count()}`)
  await page.keyboard.press('z')
}
await page.keyboard.press('Escape')
await click('train')
await page.keyboard.press('r')
await page.keyboard.press('p')
await page.waitForSelector('.plan')
check('R P shows the plan', /has to run|will run/.test(await page.locator('.plan h2').textContent()))
await page.keyboard.press('Escape')
check('Esc closes it', (await page.locator('.plan').count()) === 0)
await page.keyboard.press('Escape')
await click('clean')
await page.keyboard.press('Space')
await page.waitForSelector('.full-body')
check('Space shows the output full screen', (await page.locator('.full-body table').count()) === 1)
await page.keyboard.press('Escape')
await page.waitForSelector('.full-body', { state: 'detached' })
await page.keyboard.press('e')
await page.waitForSelector('.palette-input')
await page.keyboard.type('evaluate')
await page.keyboard.press('Enter')
check('E connects by name', (await named(/^evaluate, .*clean/).count()) === 1)
await page.waitForSelector('.palette-input', { state: 'detached' })
await page.keyboard.press('z')
await page.keyboard.press('ArrowRight')
check(
  'an arrow goes to a child',
  (await page.locator('.card.selected').getAttribute('aria-label')) !== 'clean',
)
const focused = () => page.evaluate(() => document.activeElement?.getAttribute('aria-label'))
check(
  'and the focus with it',
  (await focused()) === (await page.locator('.card.selected').getAttribute('aria-label')),
  await focused(),
)
const regions = new Set()
for (let i = 0; i < 6; i++) {
  await page.keyboard.press('F6')
  regions.add(
    await page.evaluate(() =>
      ['.top', '.rail', '.panel', '.stage-area', '.inspector'].find((name) =>
        document.activeElement.closest(name),
      ),
    ),
  )
}
check('F6 goes round the regions', regions.size === 5, [...regions].join())
await page.getByRole('tab', { name: 'Block' }).click()
check('no error in the page', errors.length === 0, errors.join('\n'))
await close()
process.exit(bad ? 1 : 0)
