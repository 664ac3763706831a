import assert from 'node:assert/strict'
import { expectAccessible, story } from './desk.mjs'

const canvases = { churn: ['Churn', { load: 'x = 1\n' }] }

story('signing in leads back to the page that was asked for, and the token leaves the address', { canvases }, async (desk) => {
  const page = await desk.newPage()
  await page.goto(`${desk.server.url}/settings`)
  await page.getByRole('heading', { name: 'Sign in to Easel' }).waitFor()
  await expectAccessible(page)
  const { hash } = new URL(desk.server.link)
  await page.goto(`${desk.server.url}/settings${hash}`)
  await page.getByRole('heading', { name: 'Profile' }).waitFor()
  assert.equal(page.url(), `${desk.server.url}/settings`)
  await expectAccessible(page)
  // The link works once; who is signed in is not thrown out by it, who is not is told.
  await page.goto(`${desk.server.url}/${hash}`)
  await page.getByText('Churn').waitFor()
  const other = await desk.newPage()
  await other.goto(`${desk.server.url}/${hash}`)
  await other.getByRole('heading', { name: 'Sign in to Easel' }).waitFor()
  assert.equal(new URL(other.url()).hash, '')
  await page.goto(`${desk.server.url}/settings`)
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.getByRole('heading', { name: 'Sign in to Easel' }).waitFor()
})

story('a theme and the single keys are kept in the browser', { canvases }, async (desk) => {
  const page = await desk.open('/settings')
  await page.getByRole('radio', { name: 'Dark' }).check()
  await page.reload()
  await page.getByRole('heading', { name: 'Profile' }).waitFor()
  assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), 'dark')
})
