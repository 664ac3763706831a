// What axe finds on the canvas page, in both themes: 1 if anything. node bench/axe.mjs
import { AxeBuilder } from '@axe-core/playwright'
import { openBrowser, settled } from './page.mjs'

const { browser, address, close } = await openBrowser()
let bad = 0
for (const theme of ['light', 'dark'])
  for (const state of ['fit', 'selected', 'drawer', 'plan', 'full', 'palette', 'problems']) {
    const context = await browser.newContext({
      viewport: { width: 1440, height: 900 },
      reducedMotion: 'reduce',
    })
    const page = await context.newPage()
    await page.goto(`${address}?canvas=at_work&theme=${theme}`)
    await page.waitForSelector('.card .tok-keyword')
    if (state !== 'fit')
      await page
        .getByRole('button', { name: /^summary,/ })
        .first()
        .click()
    await settled(page)
    if (state === 'drawer' || state === 'problems') await page.keyboard.press('Control+j')
    if (state === 'problems') await page.getByRole('tab', { name: /Problems/ }).click()
    if (state === 'plan') {
      await page.keyboard.press('r')
      await page.keyboard.press('p')
    }
    if (state === 'full') await page.keyboard.press('Space')
    if (state === 'palette') await page.keyboard.press('Control+k')
    await settled(page)
    const { violations } = await new AxeBuilder({ page }).analyze()
    for (const { id, impact, nodes } of violations) {
      bad++
      console.log(
        theme,
        state,
        impact,
        id,
        nodes
          .slice(0, 3)
          .map((n) => n.target.join(' ') + ' ' + n.html.slice(0, 120))
          .join('\n    '),
      )
    }
    await context.close()
  }
console.log(bad ? `${bad} findings` : 'axe finds nothing')
await close()
process.exit(bad ? 1 : 0)
