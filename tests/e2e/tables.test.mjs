import assert from 'node:assert/strict'
import { story, expectAccessible } from './desk.mjs'

const make = `import numpy as np
import pandas as pd
rows = 1_000_000
random = np.random.default_rng(1)
df = pd.DataFrame({
    "id": np.arange(rows),
    "price": np.round(random.normal(50, 10, rows), 2),
    "place": np.array(["Oslo", "Lisbon", "Berlin"], dtype=object)[random.integers(0, 3, rows)],
})
df.loc[::1000, "price"] = np.nan
expected = df[df["price"] > 90].sort_values("price", ascending=False, kind="stable")
print("expected", len(expected), expected["price"].iloc[0], expected["id"].iloc[0])
df.head()
`
const canvases = { birds: ['Birds', { load: make }] }

story('a table of a million rows: page, sort, filter, search, sums and code', { canvases }, async (desk) => {
  const page = await desk.open('/c/birds')
  const card = desk.card(page, 'load')
  await card.click()
  await page.keyboard.press('Shift+Enter')
  const said = card.locator('.stream').getByText(/^expected \d/)
  await said.waitFor()
  const [, count, price, id] = (await said.textContent()).trim().split(' ')
  await card.click()
  // From what it shows, or from the inspector.
  await card.locator('.output', { has: page.getByRole('table') }).hover()
  await card.getByRole('button', { name: 'All rows' }).click()
  const table = page.getByRole('region', { name: 'Table df' })
  await table.getByText('1,000,000 rows × 3 columns of load').waitFor()
  await table.locator('#cell-0-0').getByText('0', { exact: true }).waitFor()

  // Far down, in one step.
  await table.getByLabel('Go to row').fill('999,999')
  await page.keyboard.press('Enter')
  await table.locator('#cell-999999-0').getByText('999999').waitFor()

  // Filter and sort: pandas says what must come out.
  await table.getByRole('button', { name: 'Filter', exact: true }).click()
  await table.getByLabel('Column', { exact: true }).selectOption('price')
  await table.getByLabel('Condition', { exact: true }).selectOption('>')
  await table.getByLabel('Value', { exact: true }).fill('90')
  await page.keyboard.press('Enter')
  await table.getByText(`${Number(count).toLocaleString('en')} of 1,000,000 rows`).waitFor()
  const head = table.getByRole('columnheader', { name: /price/ })
  await head.getByRole('button').first().click()
  await head.getByRole('button').first().click()
  await table.locator('#cell-0-1').getByText(String(Number(price))).waitFor()
  assert.equal(await table.locator('#cell-0-0').textContent(), id)
  assert.equal(await head.getAttribute('aria-sort'), 'descending')

  // Cells that are selected with keys alone come to a sum.
  await table.locator('#cell-0-0').click()
  await page.keyboard.press('Shift+ArrowDown')
  await table.getByLabel('Selected cells').getByText('sum').waitFor()
  await expectAccessible(page)

  // A value that is none is refused with what would be one.
  await table.getByRole('button', { name: 'Filter', exact: true }).click()
  await table.getByLabel('Column', { exact: true }).selectOption('price')
  await table.getByLabel('Condition', { exact: true }).selectOption('=')
  await table.getByLabel('Value', { exact: true }).fill('cheap')
  await page.keyboard.press('Enter')
  await table.getByText(/is no value of column `price`/).waitFor()
  await table.getByRole('button', { name: 'Remove: price = cheap' }).click()

  // As code, in a child block.
  await table.getByRole('button', { name: 'Use as code' }).click()
  await desk.card(page, 'df_selected').waitFor()
  await table.waitFor({ state: 'detached' })
})
