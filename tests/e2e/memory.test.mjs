import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { inState, story } from './desk.mjs'

story(
  'a block that is out of memory says so, and runs with more',
  { canvases: { large: ['Large', { make: 'rows = bytearray(300 << 20)\nprint("made", len(rows))\n' }, [], { make: 'compute: {memory: 100Mi}' }] } },
  async (desk) => {
    const page = await desk.open('/c/large')
    const card = desk.card(page, 'make')
    await card.getByRole('heading').click()
    await page.keyboard.press('Control+Enter')
    await inState(desk, page, 'make', 'failed')
    await card.getByText(/its limit is 100/).waitFor()
    // Also who comes later can do something about it.
    await page.reload()
    for (const limit of ['200Mi', '400Mi']) {
      await card.getByRole('button', { name: `Run with ${limit}` }).click()
      await inState(desk, page, 'make', limit === '200Mi' ? 'failed' : 'up_to_date')
    }
    await card.locator('.stream').getByText('made 314572800').waitFor()
    assert.match(readFileSync(join(desk.workspace, 'large/canvas.yaml'), 'utf8'), /memory: 400Mi/)
  },
)
