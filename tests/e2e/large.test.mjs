import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { inState, story } from './desk.mjs'

const [columns, rows] = [100, 50]
const name = (column, row) => `b${column}_${row}`

/** 5,000 blocks, each after two: 100 columns of 50. */
function makeLarge(folder) {
  mkdirSync(join(folder, 'blocks'), { recursive: true })
  mkdirSync(join(folder, 'files'))
  const [blocks, edges] = [[], []]
  for (let column = 0; column < columns; column++)
    for (let row = 0; row < rows; row++) {
      const block = name(column, row)
      writeFileSync(join(folder, 'blocks', `${block}.py`), `v${column}_${row} = ${column}\nprint("here", ${column}, ${row})\n`)
      blocks.push(`  ${block}: {kind: python, file: blocks/${block}.py, at: [${column * 460}, ${row * 260}]}`)
      if (column > 0) for (const above of [row, (row + 1) % rows]) edges.push(`  - ${name(column - 1, above)} -> ${block}`)
    }
  writeFileSync(join(folder, 'canvas.yaml'), ['easel: 1', 'name: Large', 'blocks:', ...blocks, 'edges:', ...edges, ''].join('\n'))
}

story('5,000 blocks: pan, zoom, find one, open it and run it', {}, async (desk) => {
  makeLarge(join(desk.workspace, 'large'))
  const page = await desk.open('/c/large')
  const cards = () => page.locator('article').count()
  await page.getByText('5000 blocks').waitFor()
  await desk.card(page, name(0, 0)).waitFor()
  assert.ok((await cards()) <= 80, 'cards at first')

  // Out until all of it is painted: no card is left, the names are still found.
  await page.keyboard.press('0')
  await page.waitForFunction(() => document.querySelectorAll('article').length === 0)
  await page.mouse.move(720, 450)
  await page.keyboard.down('Control')
  for (let i = 0; i < 12; i++) await page.mouse.wheel(0, -200)
  await page.keyboard.up('Control')
  await page.locator('article').first().waitFor()
  assert.ok((await cards()) <= 80, `cards after zooming in: ${await cards()}`)
  await page.mouse.move(700, 440)
  const before = await page.locator('article').first().getAttribute('aria-label')
  for (let i = 0; i < 10; i++) await page.mouse.wheel(900, 500)
  await desk.card(page, before).waitFor({ state: 'detached' })
  await page.locator('article').first().waitFor()
  assert.ok((await cards()) <= 80, `cards after panning: ${await cards()}`)

  await page.keyboard.press('Control+k')
  await page.getByRole('combobox').waitFor()
  await page.keyboard.type(name(0, 31))
  await page.keyboard.press('Enter')
  const card = desk.card(page, name(0, 31))
  await card.waitFor()
  await page.keyboard.press('f')
  await page.locator(`article.near[aria-label="${name(0, 31)}"]`).waitFor()
  await page.keyboard.press('Enter')
  await page.locator('.cm-content').getByText('v0_31').waitFor()
  await page.keyboard.press('Control+Enter')
  await card.locator('.stream').getByText('here 0 31').waitFor()
  await inState(desk, page, name(0, 31), 'up_to_date')
})
