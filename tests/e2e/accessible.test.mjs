import { expectAccessible, inState, story } from './desk.mjs'

const canvases = {
  mixed: [
    'Mixed',
    {
      good: 'import pandas as pd\nfrom IPython.display import Markdown\nkept = pd.DataFrame({"a": [1, 2], "b": ["x", "y"]})\nprint("said")\nkept\n',
      bad: 'print("before")\nkept["c"]\n',
      below: 'kept.sum()\n',
      alone: 'z = 1\n',
    },
    ['good -> bad', 'bad -> below'],
  ],
}
const hide = async (page) => {
  await page.keyboard.press('Escape')
  await page.getByRole('dialog').waitFor({ state: 'detached' })
}

story('axe finds nothing serious in any panel, drawer or dialog, in light and in dark', { canvases }, async (desk) => {
  const page = await desk.open('/c/mixed')
  await desk.card(page, 'good').waitFor()
  await page.keyboard.press('r')
  await page.keyboard.press('a')
  await inState(desk, page, 'bad', 'failed')
  await page.getByRole('button', { name: 'Run changed' }).waitFor()
  await desk.card(page, 'good').getByRole('heading').click()

  // Outline, cards with a result, an error and a skipped block, the inspector's variables, the drawer's three tabs.
  await page.getByRole('button', { name: 'Open kept as a table' }).waitFor()
  await page.keyboard.press('Control+j')
  const drawer = page.getByRole('region', { name: 'Drawer' })
  for (const tab of ['Run', 'Log', 'Problems']) {
    await drawer.getByRole('tab', { name: tab }).click()
    await expectAccessible(page)
  }
  await page.keyboard.press('Control+j')
  for (const tab of ['Block', 'History']) {
    await page.getByRole('tab', { name: tab, exact: true }).click()
    await expectAccessible(page)
  }
  await page.getByRole('button', { name: 'Runs', exact: true }).click()
  await page.getByLabel('Runs', { exact: true }).getByText(/failed/i).first().waitFor()
  await expectAccessible(page)

  await page.locator('body').click({ position: { x: 640, y: 700 } })
  await page.keyboard.press('r')
  await page.keyboard.press('p')
  await page.getByRole('region', { name: 'Run plan' }).getByText(/reused/).waitFor()
  await page.getByText('asking the server').waitFor({ state: 'detached' })
  await expectAccessible(page)
  await page.getByRole('button', { name: 'Close plan' }).click()

  for (const [key, name] of [['Control+k', /./], ['?', /keys/i]]) {
    await page.keyboard.press(key)
    await page.getByRole('dialog', { name }).waitFor()
    await expectAccessible(page)
    await hide(page)
  }
  await desk.card(page, 'good').getByRole('button', { name: 'More for good' }).click()
  await page.getByRole('menuitem').first().waitFor()
  await expectAccessible(page)
})
