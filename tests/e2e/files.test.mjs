import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expectAccessible, inState, story } from './desk.mjs'

story('files are uploaded, looked at, moved, deleted and brought back', { canvases: { churn: ['Churn', { load: 'x = 1\n' }] } }, async (desk) => {
  const page = await desk.open('/c/churn')
  await desk.card(page, 'load').waitFor()
  await page.getByRole('button', { name: 'Files', exact: true }).click()
  const panel = page.getByRole('region', { name: 'Files' })
  await panel.getByText('No files yet').waitFor()
  const big = Buffer.alloc(9_000_000, 7)
  await page.getByLabel('Files to upload').setInputFiles([
    { name: 'rows.csv', mimeType: 'text/csv', buffer: Buffer.from('a,b\n1,2\n') },
    { name: 'big.bin', mimeType: 'application/octet-stream', buffer: big },
  ])
  await panel.getByRole('button', { name: 'rows.csv 8 B' }).click()
  await page.getByRole('dialog').getByText('a,b').waitFor()
  await page.keyboard.press('Escape')
  await panel.getByRole('button', { name: 'big.bin 9.0 MB' }).waitFor()
  assert.ok(readFileSync(join(desk.workspace, 'churn/files/big.bin')).equals(big))
  await expectAccessible(page)

  await panel.getByRole('button', { name: 'More for rows.csv' }).click()
  await page.getByRole('menuitem', { name: 'Rename or move' }).click()
  await page.getByRole('textbox').fill('data/rows.csv')
  await page.keyboard.press('Enter')
  await panel.getByRole('button', { name: 'data', exact: true }).click()
  await panel.getByRole('button', { name: 'rows.csv 8 B' }).waitFor()
  await panel.getByRole('button', { name: 'More for rows.csv' }).click()
  await page.getByRole('menuitem', { name: 'Delete' }).click()
  await panel.getByText('An empty folder.').waitFor()
  await page.getByRole('status').getByRole('button', { name: 'Undo' }).click()
  await panel.getByRole('button', { name: 'rows.csv 8 B' }).waitFor()
})

story('on an empty canvas a file is dropped: it is kept, and a block reads it', { canvases: { empty: ['Empty', {}] } }, async (desk) => {
  const page = await desk.open('/c/empty')
  await page.getByRole('heading', { name: 'Begin with a block' }).waitFor()
  await expectAccessible(page)
  const dropped = await page.evaluateHandle(() => {
    const data = new DataTransfer()
    data.items.add(new File(['site,value\nnorth,3\nsouth,8\n'], 'sites.csv', { type: 'text/csv' }))
    return data
  })
  await page.getByRole('main', { name: 'Stage' }).dispatchEvent('drop', { dataTransfer: dropped, clientX: 500, clientY: 400 })
  await desk.card(page, 'load_sites').waitFor()
  assert.equal(readFileSync(join(desk.workspace, 'empty/files/sites.csv'), 'utf8'), 'site,value\nnorth,3\nsouth,8\n')
  assert.equal(await page.getByRole('heading', { name: 'Begin with a block' }).count(), 0)
  await page.keyboard.press('Shift+Enter')
  await inState(desk, page, 'load_sites', 'up_to_date')
  await desk.card(page, 'load_sites').getByRole('cell', { name: 'south' }).waitFor()
})
