import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { expectAccessible, story } from './desk.mjs'

const canvases = { churn: ['Churn', { load: 'x = 1\n' }], growth: ['Growth', { load: 'x = 1\n' }] }
const card = (page, name) => page.locator('li.canvas', { has: page.getByText(name, { exact: true }) })
const choose = async (page, name, item) => {
  await page.getByRole('button', { name: `More for ${name}`, exact: true }).click()
  await page.getByRole('menuitem', { name: item }).click()
}

story('canvases are made, renamed, duplicated, searched, deleted and brought back', { canvases }, async (desk) => {
  const page = await desk.open('/')
  await card(page, 'Churn').waitFor()
  await expectAccessible(page)

  await choose(page, 'Churn', 'Rename')
  await page.getByRole('textbox', { name: 'Name' }).fill('Churn, third quarter')
  await page.keyboard.press('Enter')
  await card(page, 'Churn, third quarter').waitFor()

  await choose(page, 'Growth', 'Delete')
  await card(page, 'Growth').waitFor({ state: 'detached' })
  await page.getByRole('status').getByRole('button', { name: 'Undo' }).click()
  await card(page, 'Growth').waitFor()

  await choose(page, 'Growth', 'Duplicate')
  await page.locator('li.canvas').nth(2).waitFor()

  await page.getByRole('searchbox').fill('third')
  await card(page, 'Growth').waitFor({ state: 'detached' })
  assert.equal(await page.locator('li.canvas').count(), 1)
  await page.getByRole('searchbox').fill('')

  await page.getByRole('button', { name: 'New canvas' }).first().click()
  await page.getByRole('textbox', { name: 'Name' }).fill('My analysis')
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: 'My analysis' }).waitFor()
  assert.match(page.url(), /\/c\/.+/)
  await page.getByRole('link', { name: 'Canvases', exact: true }).click()
  await card(page, 'My analysis').waitFor()
})

story('an empty workspace says what to do, and offers an example', {}, async (desk) => {
  const page = await desk.open('/')
  await page.getByRole('heading', { name: 'No canvas yet' }).waitFor()
  await expectAccessible(page)
  await page.getByRole('button', { name: 'Open an example' }).click()
  await page.locator('article').first().waitFor()
})

story('a part of the app that is no longer there takes no window with it: the page can be loaded again', { canvases }, async (desk) => {
  const page = await desk.open('/')
  await card(page, 'Churn').waitFor()
  await page.route('**/assets/Settings-*.js', (route) => route.fulfill({ status: 404, body: '' }))
  await page.getByRole('button', { name: 'Settings' }).click()
  await page.getByRole('heading', { name: 'This page cannot be shown' }).waitFor()
  await expectAccessible(page)
  await page.unroute('**/assets/Settings-*.js')
  await page.getByRole('button', { name: 'Load it again' }).click()
  await page.getByRole('heading', { name: 'Profile' }).waitFor()
  assert.equal(desk.errors.splice(0).length, 1, 'it is reported all the same')
})

story('a notebook becomes a canvas, a canvas comes back from its .zip, and what is neither says why not', { canvases }, async (desk) => {
  const page = await desk.open('/')
  await card(page, 'Churn').waitFor()
  const cells = [
    { cell_type: 'markdown', metadata: {}, source: ['# Cohorts'] },
    { cell_type: 'code', metadata: {}, outputs: [], execution_count: null, source: ['%matplotlib inline\n', 'x = 1'] },
  ]
  const notebook = JSON.stringify({ nbformat: 4, nbformat_minor: 5, metadata: {}, cells })
  const picker = page.getByLabel('Canvases and notebooks to import')
  await picker.setInputFiles({ name: 'cohorts.ipynb', mimeType: 'application/json', buffer: Buffer.from(notebook) })
  const imports = page.getByRole('complementary', { name: 'Imports' })
  await imports.getByText('Made of cohorts.ipynb.').waitFor()
  await imports.getByText('matplotlib').waitFor()
  await expectAccessible(page)
  await card(page, 'cohorts').waitFor()

  const coming = page.waitForEvent('download')
  await choose(page, 'Churn', 'Export as .zip')
  const zip = await (await coming).path()
  await picker.setInputFiles({ name: 'back.zip', mimeType: 'application/zip', buffer: readFileSync(zip) })
  await imports.getByText('Made of back.zip.').waitFor()
  await card(page, 'Churn').nth(1).waitFor()

  await picker.setInputFiles({ name: 'photo.zip', mimeType: 'application/zip', buffer: Buffer.from('not one') })
  await imports.locator('li.failed').waitFor()
  await imports.locator('li.failed').getByRole('button', { name: 'Put away' }).click()
  await imports.locator('li.failed').waitFor({ state: 'detached' })
  await imports.locator('li', { hasText: 'cohorts' }).getByRole('button', { name: 'Open it' }).click()
  await page.getByRole('heading', { name: 'cohorts', exact: true, level: 1 }).waitFor()
  await page.locator('article').nth(1).waitFor()
})
