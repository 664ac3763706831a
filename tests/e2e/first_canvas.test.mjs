import assert from 'node:assert/strict'
import { expectAccessible, inState, story } from './desk.mjs'

const code = [
  ['import numpy as np', 'import pandas as pd', '', 'days = pd.date_range("2024-01-01", periods=366)', 'rain = pd.Series(np.random.default_rng(1).gamma(0.4, 6, 366), days, name="mm")', 'rain.describe()'],
  ['monthly = rain.resample("MS").sum()', 'monthly'],
  ['import matplotlib.pyplot as plt', '', 'figure, axes = plt.subplots(figsize=(7, 4))', 'axes.bar(monthly.index, monthly, width=25)', 'plt.show()'],
].map((lines) => lines.join('\n'))

story("a new person makes the README's three blocks, with a plot, without leaving the editor", {}, async (desk) => {
  const page = await desk.open('/')
  await page.getByRole('button', { name: 'New canvas' }).first().click()
  await page.getByRole('textbox', { name: 'Name' }).fill('Rain')
  await page.keyboard.press('Enter')
  await page.getByRole('region', { name: 'Empty canvas' }).getByRole('button', { name: 'Python' }).click()
  for (const [i, text] of code.entries()) {
    const name = i === 0 ? 'block' : `block_${i + 1}`
    const editor = page.getByRole('textbox', { name: `Code of ${name}`, exact: true })
    await editor.waitFor()
    await page.waitForFunction(() => document.activeElement?.matches('.cm-content'))
    await page.keyboard.insertText(text)
    await page.keyboard.press(i < 2 ? 'Alt+Enter' : 'Shift+Enter')
    await inState(desk, page, name, 'up_to_date')
  }
  await desk.card(page, 'block_3').locator('img.plot').waitFor()
  await expectAccessible(page)
})

const hours = ['import pandas as pd', 'hours = pd.DataFrame({"n": [1, None]}, index=pd.Index([8, 9], name="hour"))', 'hours'].join('\n')
const counts = ['Counts', { count: hours, plot: 'hours.plot()' }, ['count -> plot']]

story('a frame is read with the name of its index, and a block that has not run says what it will find', { canvases: { counts } }, async (desk) => {
  const page = await desk.open('/c/counts')
  const card = desk.card(page, 'count')
  await card.getByRole('heading').click()
  await page.keyboard.press('Control+Enter')
  await inState(desk, page, 'count', 'up_to_date')
  await card.locator('table tbody tr').nth(1).waitFor()
  const rows = await card.locator('table tr').allInnerTexts()
  assert.deepEqual(rows.map((row) => row.split(/\s+/)), [['hour', 'n'], ['8', '1.0'], ['9', 'null']])
  await desk.card(page, 'plot').getByRole('heading').click()
  const inspector = page.getByRole('complementary', { name: 'Inspector' })
  await inspector.getByText('Shift+Enter runs the block').waitFor()
  await inspector.getByRole('button', { name: 'Open hours as a table' }).waitFor()
})
