import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expectAccessible, inState, leaveEditor, serve, story } from './desk.mjs'

const chain = {
  chain: ['Chain', { load: 'x = 1\n', clean: 'y = x + 1\nprint("y", y)\n', use: 'print("use", y)\n' }, ['load -> clean', 'clean -> use']],
}
const middleOf = async (locator) => {
  const { x, y, width, height } = await locator.boundingBox()
  return [x + width / 2, y + height / 2]
}
const code = (desk, page, block) => desk.card(page, block).locator('pre.code')

story('a cycle is refused by name', { canvases: chain }, async (desk) => {
  const page = await desk.open('/c/chain')
  await desk.card(page, 'use').waitFor()
  await page.mouse.move(...(await middleOf(desk.card(page, 'use').locator('.port.out'))))
  await page.mouse.down()
  await page.mouse.move(...(await middleOf(desk.card(page, 'load').locator('.port.in'))), { steps: 10 })
  await page.mouse.up()
  await page.getByText('That would be a cycle: load → clean → use → load.').waitFor()
})

story('undo brings a deleted block back with its edges and its output', { canvases: chain }, async (desk) => {
  const page = await desk.open('/c/chain')
  await desk.card(page, 'use').waitFor()
  await page.keyboard.press('r')
  await page.keyboard.press('a')
  await inState(desk, page, 'use', 'up_to_date')
  await desk.card(page, 'clean').getByRole('heading').click()
  await page.keyboard.press('Delete')
  await desk.card(page, 'clean').waitFor({ state: 'detached' })
  await page.keyboard.press('z')
  await desk.card(page, 'clean').getByText('y 2').first().waitFor()
  await inState(desk, page, 'use', 'up_to_date')
  await page.getByRole('button', { name: 'clean, python, up to date, after load' }).waitFor()
})

story('two people edit one canvas and one block, and see each other', { canvases: chain }, async (desk) => {
  const one = await desk.open('/c/chain')
  await desk.card(one, 'clean').waitFor()
  const two = await desk.newPage({ state: desk.state })
  await two.goto(`${desk.server.url}/c/chain`)
  await desk.card(two, 'clean').waitFor()
  await one.getByRole('list', { name: 'Also here' }).waitFor()
  for (const page of [one, two]) {
    await desk.card(page, 'clean').getByRole('heading').click()
    await page.keyboard.press('Enter')
    await page.locator('.cm-content').waitFor()
  }
  await one.keyboard.press('Control+Home')
  await two.keyboard.press('Control+End')
  await Promise.all([one.keyboard.type('# of one\n'), two.keyboard.type('# of two')])
  const whole = '# of one\ny = x + 1\nprint("y", y)\n# of two'
  const shows = (page) =>
    page.waitForFunction(
      (text) => [...document.querySelectorAll('.cm-line')].map((line) => line.innerText.replace(/\n$/, '')).join('\n').includes('# of one') &&
        document.querySelector('.cm-content').innerText.includes('# of two') && text,
      whole,
    )
  await shows(one)
  await shows(two)
  await one.locator('.other-caret').waitFor()
  for (const page of [one, two]) await leaveEditor(page)
  assert.equal((await code(desk, one, 'clean').innerText()).replace(/^\d+/gm, ''), (await code(desk, two, 'clean').innerText()).replace(/^\d+/gm, ''))
  const file = join(desk.workspace, 'chain/blocks/clean.py')
  await one.getByText('Saved', { exact: true }).waitFor()
  for (let i = 0; readFileSync(file, 'utf8') !== whole && i < 100; i++) await new Promise((done) => setTimeout(done, 50))
  assert.equal(readFileSync(file, 'utf8'), whole)
})

story('an edit in the folder appears in the open page', { canvases: chain }, async (desk) => {
  const page = await desk.open('/c/chain')
  await desk.card(page, 'load').waitFor()
  writeFileSync(join(desk.workspace, 'chain/blocks/load.py'), 'x = 41  # outside\n')
  await code(desk, page, 'load').getByText('# outside').waitFor()
})

story('without the server changes are kept, and sent when it is back', { canvases: chain }, async (desk) => {
  const page = await desk.open('/c/chain')
  await desk.card(page, 'load').waitFor()
  // A second later the page has all that it needs to go on alone.
  await page.waitForFunction(() => performance.getEntriesByType('resource').some(({ name }) => /CodeEditor.*js/.test(name)))
  await page.context().setOffline(true)
  await desk.server.stop()
  await page.getByText('Offline').waitFor()
  await desk.card(page, 'load').getByRole('heading').click()
  await page.keyboard.press('Enter')
  await page.locator('.cm-editor').waitFor()
  await page.keyboard.press('Control+End')
  await page.keyboard.type('# typed offline')
  await leaveEditor(page)
  await expectAccessible(page)
  desk.server = Object.assign(desk.server, await serve(desk.workspace, desk.server.port))
  await page.context().setOffline(false)
  await page.getByText('Saved', { exact: true }).waitFor()
  const file = join(desk.workspace, 'chain/blocks/load.py')
  for (let i = 0; !readFileSync(file, 'utf8').includes('# typed offline') && i < 100; i++) await new Promise((done) => setTimeout(done, 50))
  assert.equal(readFileSync(file, 'utf8'), 'x = 1\n# typed offline')
})

story('an older text of a block is found, compared and restored', { canvases: chain }, async (desk) => {
  const page = await desk.open('/c/chain')
  await desk.card(page, 'load').getByRole('heading').click()
  await page.keyboard.press('Enter')
  await page.locator('.cm-editor').waitFor()
  await page.keyboard.press('Control+a')
  await page.keyboard.type('x = 2')
  await leaveEditor(page)
  await page.getByRole('tab', { name: 'History' }).click()
  const texts = page.locator('.revisions li')
  await texts.nth(1).getByRole('button').first().click()
  await page.locator('.difference .added', { hasText: 'x = 1' }).waitFor()
  await page.getByRole('button', { name: 'Restore this text' }).click()
  await code(desk, page, 'load').getByText('x = 1').waitFor()
})

story('with the outline alone a block is found, run, and its error read', { canvases: { bad: ['Bad', { load: 'x = 1\n', fails: 'x / 0\n' }, ['load -> fails']] } }, async (desk) => {
  const page = await desk.open('/c/bad')
  const row = page.getByRole('region', { name: 'Outline' }).or(page.getByLabel('Outline', { exact: true })).getByRole('button', { name: /^fails, python, never run/i })
  await row.focus()
  await page.keyboard.press('Enter')
  await page.keyboard.press('Shift+Enter')
  await page.getByRole('button', { name: /^fails, python, (failed|skipped)/i }).waitFor()
  await expectAccessible(page)
})
