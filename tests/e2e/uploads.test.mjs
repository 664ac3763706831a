// Files on their way in: paused, cut off, left by a page that is closed, of a name that is taken; on the server's own disk.
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expectAccessible, story } from './desk.mjs'

const bytes = Buffer.alloc(20_000_000, 'easel ')
/** A page at its files, and a hold on the requests that bring bytes: a gate that lets through, keeps or cuts. */
async function filesOf(desk) {
  const page = await desk.open('/c/churn')
  await desk.card(page, 'load').waitFor()
  await page.getByRole('button', { name: 'Files', exact: true }).click()
  const gate = { mode: 'open', put: 0 }
  await page.route(/\/uploads\/[^/]+$/, async (route) => {
    if (route.request().method() !== 'PUT') return route.continue()
    // The second piece is where it happens: a part of the file has arrived by then.
    if (gate.mode === 'cut' && gate.put > 0) return route.abort()
    if (gate.mode === 'hold' && gate.put > 0) return
    gate.put++
    return route.continue()
  })
  return { page, gate, panel: page.getByRole('region', { name: 'Files' }) }
}
const canvases = { churn: ['Churn', { load: 'x = 1\n' }] }

story('a large file is paused and goes on, loses its connection, and goes on by itself', { canvases }, async (desk) => {
  const file = join(desk.workspace, 'rows.bin')
  writeFileSync(file, bytes)
  const { page, gate, panel } = await filesOf(desk)
  gate.mode = 'hold'
  await page.getByLabel('Files to upload').setInputFiles(file)
  await panel.getByText(/^8.4 MB of 20 MB/).waitFor()
  await panel.getByRole('button', { name: 'Pause the upload of rows.bin' }).click()
  await panel.getByText('paused at 8.4 MB of 20 MB').waitFor()
  await expectAccessible(page)
  gate.mode = 'cut'
  await panel.getByRole('button', { name: 'Go on with the upload of rows.bin' }).click()
  await panel.getByText('no connection at 8.4 MB').waitFor()
  gate.mode = 'open'
  await panel.getByRole('button', { name: 'rows.bin 20 MB' }).waitFor()
  assert.ok(readFileSync(join(desk.workspace, 'churn/files/rows.bin')).equals(bytes))
  assert.equal(await panel.getByRole('list', { name: 'Uploads' }).count(), 0)
})

story('a page that is closed in the middle is opened again: the same file, chosen again, goes on where it was', { canvases }, async (desk) => {
  const file = join(desk.workspace, 'rows.bin')
  writeFileSync(file, bytes)
  const { page, gate, panel } = await filesOf(desk)
  gate.mode = 'hold'
  await page.getByLabel('Files to upload').setInputFiles(file)
  await panel.getByText(/^8.4 MB of 20 MB/).waitFor()
  page.on('dialog', (dialog) => void dialog.accept())
  await page.reload()
  gate.mode = 'open'
  // Above the stage while the files are not shown.
  await page.getByText('stopped at 8.4 MB of 20 MB').waitFor()
  await expectAccessible(page)
  const other = join(desk.workspace, 'other.bin')
  writeFileSync(other, 'another one')
  await page.getByLabel('File to go on with rows.bin').setInputFiles(other)
  await page.getByText('other.bin is not the same file').waitFor()
  const pieces = []
  page.on('request', (request) => request.method() === 'PUT' && pieces.push(request.headers()['content-range']))
  await page.getByLabel('File to go on with rows.bin').setInputFiles(file)
  await page.getByText('rows.bin is uploaded.').first().waitFor()
  assert.ok(readFileSync(join(desk.workspace, 'churn/files/rows.bin')).equals(bytes))
  assert.equal(pieces[0], `bytes ${8 << 20}-${(16 << 20) - 1}/${bytes.length}`)
})

story('a name that is taken: both are kept, or the new one replaces it; what is cancelled leaves nothing', { canvases }, async (desk) => {
  const { page, gate, panel } = await filesOf(desk)
  const files = join(desk.workspace, 'churn/files')
  writeFileSync(join(files, 'a.csv'), 'old\n')
  const send = (name, text) => page.getByLabel('Files to upload').setInputFiles([{ name, mimeType: 'text/csv', buffer: Buffer.from(text) }])
  await send('a.csv', 'second\n')
  await panel.getByRole('alert').getByText('There is a file a.csv already.').waitFor()
  await expectAccessible(page)
  await panel.getByRole('button', { name: 'Keep both, as a-2.csv' }).click()
  await panel.getByRole('button', { name: 'a-2.csv 7 B' }).waitFor()
  assert.equal(readFileSync(join(files, 'a.csv'), 'utf8'), 'old\n')
  await send('a.csv', 'newest\n')
  await panel.getByRole('button', { name: 'Replace it' }).click()
  await panel.getByRole('button', { name: 'a.csv 7 B' }).waitFor()
  assert.equal(readFileSync(join(files, 'a.csv'), 'utf8'), 'newest\n')

  const big = join(desk.workspace, 'rows.bin')
  writeFileSync(big, bytes)
  gate.mode = 'hold'
  gate.put = 0
  await page.getByLabel('Files to upload').setInputFiles(big)
  await panel.getByText(/^8.4 MB of 20 MB/).waitFor()
  const dropped = page.waitForResponse((answer) => answer.request().method() === 'DELETE' && answer.status() === 204)
  await panel.getByRole('button', { name: 'Cancel the upload of rows.bin' }).click()
  await dropped
  assert.equal(await panel.getByRole('list', { name: 'Uploads' }).count(), 0)
  await page.reload()
  await desk.card(page, 'load').waitFor()
  assert.equal(await page.getByText('stopped at').count(), 0)
})
