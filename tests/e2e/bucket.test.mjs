// Files and state in a bucket, by a browser that sends to it and fetches from it itself, under the bucket's own CORS settings.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expectAccessible, inState, story } from './desk.mjs'
import { noGoogle, startGoogle } from './google.mjs'

const bucket = 'acme-easel'
const options = { google: () => startGoogle(bucket), serving: ['--store', `gs://${bucket}`], skip: noGoogle }
const sha = (bytes) => createHash('sha256').update(bytes).digest('hex')

/** What the browser itself asked of the bucket: methods of objects' paths that pages send to. */
const fromPage = (page, google) => {
  const seen = []
  page.on('request', (request) => request.url().startsWith(google.storage) && seen.push(request.method()))
  return seen
}
/** What a story waits for outside of its pages, e.g. in the bucket. */
async function until(what, found, ms = 30_000) {
  const end = performance.now() + ms
  for (;;) {
    const value = await found()
    if (value) return value
    assert.ok(performance.now() < end, `not so in time: ${what}`)
    await new Promise((resume) => setTimeout(resume, 50))
  }
}
const openFiles = async (desk, page, block) => {
  await desk.card(page, block).waitFor()
  await page.getByRole('button', { name: 'Files', exact: true }).click()
  return page.getByRole('region', { name: 'Files' })
}

story('the quickstart runs with its state in a bucket; files go there and come from there by signed URL, once CORS lets the page', { quickstart: true, ...options }, async (desk) => {
  const { google } = desk
  const page = await desk.open('/c/quickstart')
  const sent = fromPage(page, google)
  await desk.card(page, 'load').waitFor()
  await page.getByRole('button', { name: 'Fit canvas' }).click()
  await page.getByRole('button', { name: 'Other ways to run' }).click()
  await page.getByRole('menuitem', { name: /^Run all/ }).first().click()
  await inState(desk, page, 'evaluate', 'up_to_date')
  await inState(desk, page, 'plot', 'up_to_date')
  await until('the state is in the bucket', async () => {
    const names = (await google.objects()).map(({ name }) => name)
    return names.some((name) => name.includes('/objects/')) && names
  })

  const panel = await openFiles(desk, page, 'load')
  const rows = Buffer.from('island,birds\nBiscoe,168\nDream,124\n')
  await page.getByLabel('Files to upload').setInputFiles([{ name: 'islands.csv', mimeType: 'text/csv', buffer: rows }])
  // The bucket has no CORS settings yet: the browser does not let the page send, and the app says what is to be done.
  await panel.getByText(`easel gcp apply --cors-origin ${desk.server.url}`).waitFor()
  await expectAccessible(page)
  assert.equal(await panel.getByRole('button', { name: 'islands.csv 34 B' }).count(), 0)
  await google.allow(desk.server.url)
  await panel.getByRole('button', { name: 'Try again' }).click()
  await panel.getByRole('button', { name: `islands.csv ${rows.length} B` }).waitFor()
  assert.ok(readFileSync(join(desk.workspace, 'quickstart/files/islands.csv')).equals(rows))
  assert.ok(sent.includes('PUT'), `the browser asked the bucket: ${sent}`)

  const [saved] = await Promise.all([
    page.waitForEvent('download'),
    panel.getByRole('button', { name: 'More for islands.csv' }).click().then(() => page.getByRole('menuitem', { name: 'Download' }).click()),
  ])
  assert.equal(saved.suggestedFilename(), 'islands.csv')
  assert.ok(saved.url().startsWith(google.storage), 'it comes from the bucket')
  assert.ok(readFileSync(await saved.path()).equals(rows))
})
