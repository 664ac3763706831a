import assert from 'node:assert/strict'
import { expectAccessible, inState, leaveEditor, story } from './desk.mjs'

const three = {
  churn: [
    'Churn',
    { load: 'rows = [1, 2, 3]\n', clean: 'kept = [r for r in rows if r > 1]\nprint(len(kept), "kept")\n', total: 'print("sum", sum(kept))\n' },
    ['load -> clean', 'clean -> total'],
  ],
}

story('three blocks are made, joined and run with keys only', { canvases: { empty: ['Empty', { first: 'a = 20\n' }] } }, async (desk) => {
  const page = await desk.open('/c/empty')
  await desk.card(page, 'first').waitFor()
  await page.keyboard.press('Control+k')
  await page.getByRole('combobox').waitFor()
  await page.keyboard.type('first')
  await page.keyboard.press('Enter')
  for (const code of ['b = a + 1', 'print("answer", b * 2)']) {
    await page.keyboard.press('b')
    await page.locator('.cm-editor').waitFor()
    await page.keyboard.type(code)
    await leaveEditor(page)
  }
  await page.keyboard.press('r')
  await page.keyboard.press('a')
  await page.locator('.stream').getByText('answer 42').waitFor()
  // The stage has followed the last block: all of it.
  await page.keyboard.press('0')
  await page.waitForFunction(() => document.querySelectorAll('article .state.up_to_date').length === 3)
  await expectAccessible(page)
})

story('a comment makes nothing stale; another number does, and the plan names what follows', { canvases: three }, async (desk) => {
  const page = await desk.open('/c/churn')
  await desk.card(page, 'total').waitFor()
  await page.keyboard.press('r')
  await page.keyboard.press('a')
  await inState(desk, page, 'total', 'up_to_date')
  const edit = async (text) => {
    await desk.card(page, 'clean').getByRole('heading').click()
    await page.keyboard.press('Enter')
    await page.locator('.cm-editor').waitFor()
    await page.keyboard.press('Control+Home')
    await page.keyboard.type(text)
    await leaveEditor(page)
  }
  const plan = page.getByRole('region', { name: 'Run plan' })
  const preview = async (heading) => {
    // Of the whole canvas: nothing is selected.
    await page.keyboard.press('Escape')
    await page.locator('article.selected').waitFor({ state: 'detached' })
    await page.keyboard.press('r')
    await page.keyboard.press('p')
    await plan.getByRole('heading', { name: heading }).waitFor()
    await plan.getByText('asking the server').waitFor({ state: 'detached' })
    return plan.getByRole('listitem').allInnerTexts()
  }
  await edit('# only what is large\n')
  assert.deepEqual(await preview('Nothing has to run'), [])
  await plan.getByRole('button', { name: 'Close plan' }).click()
  await inState(desk, page, 'clean', 'up_to_date')
  await inState(desk, page, 'total', 'up_to_date')

  await edit('rows = rows + [7]\n')
  await inState(desk, page, 'clean', 'stale')
  await inState(desk, page, 'total', 'may_change')
  await desk.card(page, 'total').getByText('Runs again if clean leaves something else').waitFor()
  await page.getByRole('button', { name: 'Run changed 1+' }).waitFor()
  const steps = await preview(/^1 block will run, 1 may$|^2 blocks will run$/)
  assert.match(steps.join('; '), /clean[^;]*code changed; total/)
  await expectAccessible(page)
  await plan.getByRole('button', { name: 'Run', exact: true }).click()
  await desk.card(page, 'total').locator('.stream').getByText('sum 12').waitFor()
  await inState(desk, page, 'clean', 'up_to_date')
  await inState(desk, page, 'total', 'up_to_date')
})

story('a block that is up to date says so, and can be run anyway', { canvases: three }, async (desk) => {
  const page = await desk.open('/c/churn')
  await desk.card(page, 'load').getByRole('heading').click()
  await page.keyboard.press('Control+Enter')
  await inState(desk, page, 'load', 'up_to_date')
  await page.keyboard.press('Control+Enter')
  const said = page.getByRole('status').filter({ hasText: 'load is up to date' })
  await said.waitFor()
  await said.getByRole('button', { name: 'Run anyway' }).click()
  await page.getByRole('button', { name: 'Runs' }).click()
  await page.getByLabel('Runs', { exact: true }).getByText('1 ran').nth(1).waitFor()
})

story('a run is cancelled within a second', { canvases: { slow: ['Slow', { wait: 'import time\nprint("begun", flush=True)\ntime.sleep(600)\n' }] } }, async (desk) => {
  const page = await desk.open('/c/slow')
  await desk.card(page, 'wait').getByRole('heading').click()
  await page.keyboard.press('Control+Enter')
  await desk.card(page, 'wait').locator('.stream').getByText('begun').waitFor()
  const before = Date.now()
  await page.keyboard.press('Control+.')
  await inState(desk, page, 'wait', 'cancelled')
  assert.ok(Date.now() - before < 1000 * Number(process.env.E2E_SLOWER ?? 1), `${Date.now() - before} ms`)
})

story('a run is cancelled by who changes their mind before it has begun', { canvases: { slow: ['Slow', { wait: 'import time\ntime.sleep(600)\n' }] } }, async (desk) => {
  const page = await desk.open('/c/slow')
  await desk.card(page, 'wait').getByRole('heading').click()
  await page.keyboard.press('Control+Enter')
  await page.keyboard.press('Control+.')
  await inState(desk, page, 'wait', 'cancelled')
  await page.getByRole('button', { name: 'Run changed' }).waitFor()
})

story('an exception names its line; it is mended and run again', { canvases: { broken: ['Broken', { bad: 'x = 1\ny = 1 / 0\n' }] } }, async (desk) => {
  const page = await desk.open('/c/broken')
  const card = desk.card(page, 'bad')
  await card.getByRole('heading').click()
  await page.keyboard.press('Control+Enter')
  await inState(desk, page, 'bad', 'failed')
  await card.getByText('ZeroDivisionError').first().waitFor()
  await card.getByText(/Line 2/).first().waitFor()
  await card.locator('.code .bad').waitFor()
  await page.keyboard.press('Enter')
  await page.locator('.cm-editor').waitFor()
  await page.keyboard.press('Control+a')
  await page.keyboard.type('print("mended")')
  await page.keyboard.press('Control+Enter')
  await inState(desk, page, 'bad', 'up_to_date')
  await card.locator('.stream').getByText('mended').waitFor()
})

story(
  'a page that is loaded anew during a run goes on with its stream',
  { canvases: { stream: ['Stream', { count: 'import time, pathlib\nfor i in range(600):\n    print("n", i, flush=True)\n    time.sleep(0.05)\n    if pathlib.Path("stop").exists(): break\nprint("end")\n' }] } },
  async (desk) => {
    const page = await desk.open('/c/stream')
    const card = desk.card(page, 'count')
    await card.getByRole('heading').click()
    await page.keyboard.press('Control+Enter')
    // 40 x 50 ms later.
    await card.locator('.stream').getByText(/n 40\b/).waitFor()
    await page.reload()
    await inState(desk, page, 'count', 'running')
    const [, minutes, seconds] = (await card.locator('header .time').textContent()).match(/^(\d+):(\d+)$/)
    assert.ok(60 * minutes + Number(seconds) >= 2, 'its time counts since it began')
    await page.keyboard.press('Control+j')
    await page.locator('.timeline .under-way').waitFor()
    await page.keyboard.press('Control+j')
    await page.waitForFunction(() => /n 2\b/.test(document.querySelector('.stream')?.textContent ?? ''))
    const numbers = () =>
      page.evaluate(() => [...document.querySelector('.stream').textContent.matchAll(/n (\d+)/g)].map((m) => Number(m[1])))
    const first = await numbers()
    await page.waitForFunction((n) => document.querySelectorAll('.stream').length && [...document.querySelector('.stream').textContent.matchAll(/n (\d+)/g)].length > n + 10, first.length)
    const seen = await numbers()
    assert.deepEqual(seen, seen.map((_, i) => i), 'each line once, none missing')
    await page.keyboard.press('Control+.')
    await inState(desk, page, 'count', 'cancelled')
  },
)
