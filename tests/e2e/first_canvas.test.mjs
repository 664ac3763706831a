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
