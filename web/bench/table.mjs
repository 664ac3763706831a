// Pictures of the table viewer on its made-up table, and what axe says: node bench/table.mjs FOLDER
import AxeBuilder from '@axe-core/playwright'
import { mkdirSync } from 'node:fs'
import { openBrowser, settled } from './page.mjs'

const [folder = 'node_modules/.cache/table'] = process.argv.slice(2)
mkdirSync(folder, { recursive: true })
const { browser, address, close } = await openBrowser()
for (const theme of ['light', 'dark'])
  for (const width of [1440, 900]) {
    const context = await browser.newContext({ viewport: { width, height: 900 } })
    const page = await context.newPage()
    const name = `${folder}/table_${theme}_${width}`
    page.on('pageerror', (error) => console.log(theme, width, String(error)))
    page.on('console', (m) => m.type() === 'error' && console.log(theme, width, m.text()))
    await page.goto(`${address}?canvas=quickstart&theme=${theme}&table`)
    await page.getByRole('gridcell').first().waitFor()
    await settled(page)
    await page.screenshot({ path: `${name}.png` })
    await page.getByRole('button', { name: 'Full page' }).click()
    await page.getByRole('button', { name: 'Filter', exact: true }).click()
    await page.getByLabel('Column', { exact: true }).selectOption('wingspan_cm')
    await page.getByLabel('Condition', { exact: true }).selectOption('>')
    await page.getByLabel('Value', { exact: true }).fill('25')
    await page.screenshot({ path: `${name}_filter.png` })
    await page.getByRole('button', { name: 'Add', exact: true }).click()
    await page.getByRole('columnheader', { name: /count/ }).getByRole('button').first().click()
    await page.locator('.work').waitFor({ state: 'detached' })
    await page.locator('[data-row="9"]').first().waitFor()
    await page.locator('[data-row="3"][data-column="4"]').click()
    await page.keyboard.press('Shift+ArrowRight')
    for (let i = 0; i < 6; i++) await page.keyboard.press('Shift+ArrowDown')
    await settled(page)
    await page.screenshot({ path: `${name}_full.png` })
    const { violations } = await new AxeBuilder({ page }).include('.tables').analyze()
    for (const { id, impact, nodes } of violations)
      console.log(theme, width, id, impact, nodes.length, nodes[0].html.slice(0, 200))
    await context.close()
  }
await close()
