import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { expectAccessible, inState, leaveEditor, story } from './desk.mjs'

const picture = async (page, name) => {
  const folder = process.env.E2E_LOOKS
  if (!folder) return
  mkdirSync(folder, { recursive: true })
  await page.screenshot({ path: `${folder}/${name}.png` })
}
const canvases = {
  shop: [
    'Shop',
    {
      load: 'import pandas as pd\nstart = 100\nsales = pd.DataFrame({"shop": ["North", "Harbour"], "revenue": [10.5, 20.0]})\nsales\n',
      month: 'monthly = sales.sort_values("shop", ascending=False).reset_index(drop=True).groupby("shop")["revenu"].sum()\n',
    },
    ['load -> month'],
  ],
}

story('a block is renamed on its card: by a double click, by F2, from its menu; what cannot be a name is made one', { canvases }, async (desk) => {
  const page = await desk.open('/c/shop')
  const name = (block) => page.getByRole('textbox', { name: `Name of ${block}` })
  await desk.card(page, 'load').getByRole('heading', { name: 'load' }).dblclick()
  await name('load').fill('monthly sales')
  await picture(page, 'rename')
  await page.keyboard.press('Enter')
  await page.getByRole('button', { name: 'Call it monthly_sales' }).click()
  await desk.card(page, 'monthly_sales').waitFor()
  assert.equal(await page.locator('.cm-editor').count(), 0)

  await desk.card(page, 'month').getByRole('heading').click()
  await page.keyboard.press('F2')
  await name('month').fill('by_month')
  await page.keyboard.press('Escape')
  await desk.card(page, 'month').getByRole('heading', { name: 'month' }).waitFor()
  await desk.card(page, 'month').getByRole('button', { name: 'More for month' }).click()
  await page.getByRole('menuitem', { name: 'Rename the block' }).click()
  await name('month').fill('by_month')
  await page.keyboard.press('Enter')
  await desk.card(page, 'by_month').waitFor()

  // What is deleted is brought back where that is said; the palette knows these, too.
  await desk.card(page, 'by_month').getByRole('heading').click()
  await page.keyboard.press('Delete')
  await desk.card(page, 'by_month').waitFor({ state: 'detached' })
  await picture(page, 'deleted')
  await page.getByRole('status').getByRole('button', { name: 'Undo' }).click()
  await desk.card(page, 'by_month').waitFor()
  await page.keyboard.press('Control+k')
  await page.getByRole('combobox').fill('export')
  const saved = page.waitForEvent('download')
  await page.keyboard.press('Enter')
  assert.equal((await saved).suggestedFilename(), 'shop.zip')
})

story('what went wrong is said in the words of the app, and its place is gone to', { canvases }, async (desk) => {
  const page = await desk.open('/c/shop')
  await desk.card(page, 'month').getByRole('heading').click()
  await page.keyboard.press('Shift+Enter')
  await page.getByRole('status').getByText('Not run: load above it has no result yet.').waitFor()
  await picture(page, 'skipped')
  const inspector = page.getByRole('complementary', { name: 'Inspector' })
  await inspector.getByText('above it has no result yet').waitFor()
  assert.doesNotMatch(await page.locator('body').innerText(), /--to/)
  await page.getByRole('button', { name: 'Run up to here' }).first().click()
  await inState(desk, page, 'month', 'failed')
  await inspector.getByText('It failed, so it leaves no variables.').waitFor()
  assert.doesNotMatch(await desk.card(page, 'month').getByRole('group', { name: 'Error' }).innerText(), /`/)
  await desk.card(page, 'month').getByRole('button', { name: 'Go to line 1' }).click()
  await page.locator('.cm-editor').waitFor()
  await page.waitForFunction(() => getSelection()?.toString() === 'revenu')
  await picture(page, 'failed')
  // The word can be seen.
  const [word, editor] = await page.evaluate(() => {
    const plain = ({ left, right }) => ({ left, right })
    return [plain(getSelection().getRangeAt(0).getBoundingClientRect()), plain(document.querySelector('.cm-scroller').getBoundingClientRect())]
  })
  assert.ok(word.left >= editor.left && word.right <= editor.right, JSON.stringify({ word, editor }))
  await leaveEditor(page)

  await desk.card(page, 'load').getByRole('heading').click()
  await inspector.getByText('= 100').waitFor()
  await inspector.getByText('2 × 2 DataFrame').waitFor()
  await picture(page, 'variables')
  await desk.card(page, 'load').getByRole('heading').click()
  await page.keyboard.press('Enter')
  await page.locator('.cm-editor').waitFor()
  await page.keyboard.press('Control+Home')
  await page.keyboard.type('import math\n')
  await leaveEditor(page)
  await desk.card(page, 'load').getByText('Results from before your edit').waitFor()
  await picture(page, 'stale')
  await page.keyboard.press('Control+k')
  await page.getByRole('combobox').fill('qqq')
  await page.getByText('Nothing is called that.').waitFor()
  await picture(page, 'palette')
  await page.keyboard.press('Escape')
  await expectAccessible(page)
})
