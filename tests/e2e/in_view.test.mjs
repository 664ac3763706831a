import assert from 'node:assert/strict'
import { inState, leaveEditor, story } from './desk.mjs'

const three = { view: ['View', { load: 'x = 1\n', clean: 'y = x + 1\n', plot: 'print("plot", y)\n' }, ['load -> clean', 'clean -> plot']] }

/** Wait until all of a card is on the stage and under nothing: no panel and no toolbar. */
const whole = (page, block) =>
  page.waitForFunction((name) => {
    const card = document.querySelector(`article[aria-label="${name}"]`)?.getBoundingClientRect()
    const stage = document.querySelector('.stage-area').getBoundingClientRect()
    const bar = document.querySelector('.bar.tools').getBoundingClientRect()
    return card && card.left >= stage.left && card.right <= stage.right && card.top >= stage.top && card.bottom <= bar.top
  }, block)

story('what keys go to is in view, and an error comes back into it', { canvases: three, width: 1280 }, async (desk) => {
  const page = await desk.open('/c/view')
  await desk.card(page, 'load').getByRole('heading').click()
  for (const [left, block] of [['load', 'clean'], ['clean', 'plot']]) {
    await page.keyboard.press('Shift+Enter')
    await whole(page, block)
    await inState(desk, page, left, 'up_to_date')
  }
  await page.keyboard.press('Enter')
  await page.locator('.cm-editor').waitFor()
  await whole(page, 'plot')
  await page.keyboard.press('Control+a')
  await page.keyboard.type('y / 0')
  await page.keyboard.press('Alt+Enter')
  await page.getByRole('textbox', { name: 'Code of block', exact: true }).waitFor()
  await inState(desk, page, 'plot', 'failed')
  await whole(page, 'plot')
  await leaveEditor(page)

  // A second parent does not cover the first one.
  await page.getByRole('region', { name: 'Outline' }).getByRole('button', { name: /^clean, / }).click()
  await page.keyboard.press('Enter')
  await page.getByRole('textbox', { name: 'Code of clean', exact: true }).waitFor()
  await whole(page, 'clean')
  await leaveEditor(page)
  await page.keyboard.press('a')
  await page.getByRole('textbox', { name: 'Code of block_2', exact: true }).waitFor()
  await whole(page, 'block_2')
  const [above, first] = [await desk.card(page, 'block_2').boundingBox(), await desk.card(page, 'load').boundingBox()]
  await page.getByRole('status').filter({ hasText: 'A block was added above clean' }).getByRole('button', { name: 'Undo' }).waitFor()
  assert.ok(above.y >= first.y + first.height, 'it lies below the parent that was there')
  await leaveEditor(page)

  // The tab that was chosen stays; after Esc no card looks chosen; keys go past a button that was clicked.
  await page.getByRole('tab', { name: 'Block' }).click()
  await page.keyboard.press('Escape')
  await page.locator('article.selected').waitFor({ state: 'detached' })
  assert.equal(await page.locator('article:focus').count(), 0)
  await desk.card(page, 'plot').getByRole('heading').click()
  await page.getByRole('tab', { name: 'Block', selected: true }).waitFor()
  await page.getByRole('button', { name: 'Zoom out' }).click()
  await page.keyboard.press('Space')
  const full = page.getByRole('dialog', { name: 'Outputs of plot' })
  await full.getByRole('button', { name: 'Close full screen' }).click()
  await full.waitFor({ state: 'detached' })
})
