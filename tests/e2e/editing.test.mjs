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

const row = (page, words) => page.getByRole('region', { name: 'Outline' }).getByRole('button', { name: words })

story(
  'a block is put on an edge: one that is there by dragging, a new one by the button on it',
  { canvases: { chain: [chain.chain[0], { ...chain.chain[1], extra: 'z = y\n' }, chain.chain[2]] } },
  async (desk) => {
    const page = await desk.open('/c/chain')
    const box = async (block) => desk.card(page, block).boundingBox()
    await desk.card(page, 'load').waitFor()
    await page.keyboard.press('0')
    await desk.card(page, 'extra').getByRole('heading').waitFor()
    const gap = async (from, to) => {
      const [a, b] = [await desk.card(page, from).locator('.port.out').boundingBox(), await desk.card(page, to).locator('.port.in').boundingBox()]
      return { x: (a.x + b.x + a.width) / 2, y: a.y + a.height / 2 }
    }
    const [extra, middle] = [await box('extra'), await gap('clean', 'use')]
    const hold = await middleOf(desk.card(page, 'extra').getByRole('heading'))
    const port = await desk.card(page, 'extra').locator('.port.in').boundingBox()
    await page.mouse.move(...hold)
    await page.mouse.down()
    await page.mouse.move(hold[0] + middle.x - extra.x - extra.width / 2, hold[1] + middle.y - port.y - port.height / 2, { steps: 10 })
    await page.mouse.up()
    await row(page, /^extra, .*after clean$/).waitFor()
    await row(page, /^use, .*after extra$/).waitFor()

    const between = await gap('load', 'clean')
    await page.mouse.move(between.x - 4, between.y)
    await page.mouse.move(between.x, between.y)
    await page.getByRole('button', { name: 'Insert a block on this edge' }).click()
    await page.locator('.cm-editor').waitFor()
    await leaveEditor(page)
    await row(page, /^block, .*after load$/).waitFor()
    await row(page, /^clean, .*after block$/).waitFor()
    // Both are one step each.
    for (const child of ['clean', 'use']) {
      await page.keyboard.press('z')
      await row(page, new RegExp(`^${child}, .*after ${child === 'clean' ? 'load' : 'clean'}$`)).waitFor()
    }
  },
)

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
  for (let i = 0; readFileSync(file, 'utf8') !== whole && i < 400; i++) await new Promise((done) => setTimeout(done, 50))
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
  await page.waitForLoadState('networkidle')
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
  for (let i = 0; !readFileSync(file, 'utf8').includes('# typed offline') && i < 400; i++) await new Promise((done) => setTimeout(done, 50))
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

story(
  'with the outline alone a block is found, run, its error read, connected and moved',
  { canvases: { bad: ['Bad', { load: 'x = 1\n', fails: 'y = 1\nx / 0\n' }] } },
  async (desk) => {
    const page = await desk.open('/c/bad')
    const press = async (locator) => {
      await locator.focus()
      await page.keyboard.press('Enter')
    }
    const outline = page.getByRole('region', { name: 'Outline' })
    const choose = async (block, title) => {
      await press(outline.getByRole('button', { name: `More for ${block}` }))
      await page.getByRole('menuitem', { name: title }).focus()
      await page.keyboard.press('Enter')
    }
    await press(row(page, /^fails, python, never run$/i))
    await page.keyboard.press('Tab')
    assert.equal(await page.evaluate(() => document.activeElement.ariaLabel), 'Run fails')
    await page.keyboard.press('Enter')
    await row(page, /^fails, python, failed, Line 2: NameError: name 'x' is not defined$/i).waitFor()
    await expectAccessible(page)

    await press(row(page, /^load, /))
    await choose('load', 'Connect to a child')
    await page.getByRole('combobox', { name: 'Connect load to' }).waitFor()
    await page.keyboard.type('fails')
    await page.keyboard.press('Enter')
    await row(page, /^fails, .*after load$/i).waitFor()
    await press(row(page, /^fails, /))
    await choose('fails', 'Run up to here')
    await row(page, /^fails, python, failed, Line 2: ZeroDivisionError: .*, after load$/i).waitFor()

    const yaml = () => readFileSync(join(desk.workspace, 'bad/canvas.yaml'), 'utf8')
    await choose('fails', 'Nudge down')
    await page.getByText('Saved', { exact: true }).waitFor()
    for (let i = 0; !/fails: .*at: \[460, 20\]/.test(yaml()) && i < 400; i++) await new Promise((done) => setTimeout(done, 50))
    assert.match(yaml(), /fails: .*at: \[460, 20\]/)
  },
)
