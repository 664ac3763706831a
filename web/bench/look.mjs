// Pictures of the app on its fixtures, to be looked at: node bench/look.mjs FOLDER [canvas...]
import { mkdirSync } from 'node:fs'
import { openBrowser, settled } from './page.mjs'

const [folder = 'node_modules/.cache/look', ...asked] = process.argv.slice(2)
mkdirSync(folder, { recursive: true })
const { browser, address, close } = await openBrowser()
for (const canvas of asked.length ? asked : ['quickstart', 'at_work', '5000'])
  for (const theme of ['light', 'dark'])
    for (const width of [1440, 900]) {
      const page = await browser.newPage({ viewport: { width, height: 900 } })
      page.on('pageerror', (error) => console.log(canvas, theme, width, String(error)))
      page.on('console', (m) => m.type() === 'error' && console.log(canvas, theme, width, m.text()))
      await page.goto(`${address}?canvas=${canvas}&theme=${theme}`)
      await page.locator('.card .tok-keyword, .under').first().waitFor()
      await settled(page)
      await page.screenshot({ path: `${folder}/${canvas}_${theme}_${width}_fit.png` })
      await page
        .getByRole('button', { name: canvas === '5000' ? /^step_3,/ : /^clean,/ })
        .first()
        .click({ timeout: 2000 })
        .catch(() => undefined)
      await settled(page)
      await page.screenshot({ path: `${folder}/${canvas}_${theme}_${width}.png` })
      await page.close()
    }
await close()
