import assert from 'node:assert/strict'
import { expectAccessible, inState, leaveEditor, story } from './desk.mjs'

// Isolation `strict` needs root; what is tried here is who may do what.
const serving = ['--team', '--accept-members-can-read-each-other']
const canvases = { churn: ['Churn', { load: 'x = 1\n' }], growth: ['Growth', { load: 'x = 1\n' }] }
const password = 'correct horse battery'

const fill = async (page, entries) => {
  for (const [label, text] of Object.entries(entries)) await page.getByLabel(label, { exact: true }).fill(text)
}
const card = (page, name) => page.locator('li.canvas', { has: page.getByText(name, { exact: true }) })
const said = (page, text) => page.getByRole('status').getByText(text)

/** The first owner, Ada, on a page of hers. */
async function setUp(desk) {
  const page = await desk.newPage()
  await page.goto(desk.server.link)
  await page.getByRole('heading', { name: 'Set up Easel for your team' }).waitFor()
  await fill(page, { 'Your team': 'Acme Research', 'Your name': 'Ada', 'E-mail': 'ada@acme.example' })
  await fill(page, { Password: password, 'The same again': password })
  await page.getByRole('button', { name: 'Set up and sign in' }).click()
  await card(page, 'Churn').waitFor()
  return page
}
/** A link that Ada hands out. */
async function invite(page, url, role) {
  await page.goto(`${url}/settings/members`)
  await page.getByLabel('Role of who is invited').selectOption(role)
  await page.getByRole('button', { name: 'Make a link' }).click()
  return page.locator('.made code').textContent()
}
/** Somebody opens the link in a browser of their own. */
async function accept(desk, link, name) {
  const page = await desk.newPage()
  await page.goto(link)
  await page.getByRole('heading', { name: 'Join Acme Research' }).waitFor()
  await fill(page, { 'Your name': name, 'E-mail': `${name.toLowerCase()}@acme.example` })
  await fill(page, { Password: password, 'The same again': password })
  await page.getByRole('button', { name: 'Join and sign in' }).click()
  await card(page, 'Churn').waitFor()
  return page
}

story('the first owner sets the team up; who is not a member gets no further than the form', { canvases, serving }, async (desk) => {
  const early = await desk.newPage()
  await early.goto(desk.server.url)
  await early.getByText('waits for its first owner').waitFor()
  const page = await desk.newPage()
  await page.goto(desk.server.link)
  await page.getByRole('heading', { name: 'Set up Easel for your team' }).waitFor()
  await expectAccessible(page)
  await fill(page, { 'Your team': 'Acme Research', 'Your name': 'Ada', 'E-mail': 'ada@acme.example' })
  await fill(page, { Password: 'short', 'The same again': 'short' })
  await page.getByRole('button', { name: 'Set up and sign in' }).click()
  await page.getByRole('alert').getByText('at least 10').waitFor()
  await fill(page, { Password: password, 'The same again': password })
  await page.getByRole('button', { name: 'Set up and sign in' }).click()
  await card(page, 'Churn').waitFor()
  assert.equal(page.url(), `${desk.server.url}/`)

  // The link is used up, and leads to the form that is for everybody now.
  await early.goto(desk.server.link)
  await early.getByRole('heading', { name: 'This server is set up already' }).waitFor()
  await early.getByRole('button', { name: 'Sign in' }).click()
  await early.getByText('Acme Research', { exact: true }).waitFor()
  await expectAccessible(early)
  await fill(early, { 'E-mail': 'ada@acme.example', Password: 'not that one' })
  await early.getByRole('button', { name: 'Sign in' }).click()
  await early.getByRole('status').waitFor()
  assert.equal(await early.getByLabel('E-mail', { exact: true }).inputValue(), 'ada@acme.example')
  await fill(early, { Password: password })
  await early.getByRole('button', { name: 'Sign in' }).click()
  await card(early, 'Churn').waitFor()
})

story('a viewer may only look; as an editor the same page edits; who is removed is out', { canvases, serving }, async (desk) => {
  const { url } = desk.server
  const ada = await setUp(desk)
  const link = await invite(ada, url, 'viewer')
  assert.match(link, /\/join#token=.+/)
  await expectAccessible(ada)
  const ben = await accept(desk, link, 'Ben')
  assert.equal(await ben.getByRole('button', { name: 'New canvas' }).first().isDisabled(), true)

  await card(ben, 'Churn').getByRole('link').click()
  await desk.card(ben, 'load').waitFor()
  await ben.getByText('You may look here, not change or run').waitFor()
  await expectAccessible(ben)
  assert.equal(await ben.getByRole('toolbar', { name: 'Add blocks' }).count(), 0)
  assert.equal(await ben.getByRole('button', { name: /^Run changed/ }).isDisabled(), true)
  await desk.card(ben, 'load').click()
  await ben.keyboard.press('Enter')
  await said(ben, 'You are a viewer here').waitFor()
  assert.equal(await ben.locator('.cm-editor').count(), 0)

  // A role holds at once, on the page that is open.
  const role = ada.getByLabel('Role of Ben')
  await ada.reload()
  await role.selectOption('runner')
  await ben.getByText('You may run blocks here, not change them').waitFor()
  await desk.card(ben, 'load').getByRole('button', { name: 'Run load' }).click()
  await inState(desk, ben, 'load', 'up_to_date')
  await role.selectOption('editor')
  await ben.getByRole('toolbar', { name: 'Add blocks' }).waitFor()
  await desk.card(ben, 'load').click()
  await ben.keyboard.press('Enter')
  await ben.locator('.cm-editor').waitFor()
  await ben.keyboard.press('Control+End')
  await ben.keyboard.type('y = 2')
  await leaveEditor(ben)
  await ben.getByText('Saved').waitFor()
  const look = await desk.newPage({ state: await ada.context().storageState() })
  await look.goto(`${url}/c/churn`)
  await desk.card(look, 'load').getByText('y = 2').waitFor()
  await look.getByRole('button', { name: 'Ben' }).waitFor()

  // Back to looking while typing: nothing of the page goes wrong.
  await role.selectOption('viewer')
  await ben.getByText('You may look here, not change or run').waitFor()

  await ada.getByRole('button', { name: 'More for Ben' }).click()
  await ada.getByRole('menuitem', { name: 'Remove' }).click()
  await expectAccessible(ada)
  await ada.getByRole('dialog').getByRole('button', { name: 'Remove' }).click()
  await ben.getByRole('heading', { name: 'Sign in to Easel' }).waitFor()
  await fill(ben, { 'E-mail': 'ben@acme.example', Password: password })
  await ben.getByRole('button', { name: 'Sign in' }).click()
  await ben.getByRole('status').waitFor()
  assert.equal(await ben.locator('li.canvas').count(), 0)
  await ben.goto(link)
  await ben.getByRole('heading', { name: 'This invitation cannot be accepted' }).waitFor()
})

story('a canvas is shared with one who may only look elsewhere, and the audit log tells', { canvases, serving }, async (desk) => {
  const { url } = desk.server
  const ada = await setUp(desk)
  const cleo = await accept(desk, await invite(ada, url, 'viewer'), 'Cleo')
  await ada.goto(`${url}/c/churn`)
  await ada.getByRole('button', { name: 'Share' }).click()
  const granted = ada.getByLabel('Role of Cleo on this canvas')
  await granted.waitFor()
  await expectAccessible(ada)
  await granted.selectOption('editor')
  await said(ada, 'Cleo is editor here').waitFor()
  await cleo.goto(`${url}/c/churn`)
  await cleo.getByRole('toolbar', { name: 'Add blocks' }).waitFor()
  await cleo.goto(`${url}/c/growth`)
  await cleo.getByText('You may look here, not change or run').waitFor()
  await cleo.goto(url)
  await cleo.getByRole('button', { name: 'More for Growth' }).click()
  await cleo.getByRole('menuitem', { name: 'Share' }).click()
  assert.equal(await cleo.getByLabel('Role of Ada on this canvas').isDisabled(), true)
  await cleo.keyboard.press('Escape')

  // What an admin sees is not offered to others.
  await cleo.goto(`${url}/settings`)
  await cleo.getByRole('heading', { name: 'Profile' }).waitFor()
  assert.deepEqual(await cleo.getByRole('navigation').getByRole('link').allTextContents(), [
    'Profile', 'Sessions', 'API tokens', 'Members', 'Organization',
  ])
  await ada.goto(`${url}/settings/audit`)
  const rows = ada.locator('.audit tbody tr')
  await rows.getByText('Granted a role').waitFor()
  await rows.getByText('Accepted an invitation').waitFor()
  await expectAccessible(ada)
  await ada.getByLabel('Where').selectOption('Churn')
  await rows.getByText('Accepted an invitation').waitFor({ state: 'detached' })
  await rows.getByText('Granted a role').waitFor()
  await ada.getByLabel('Who').selectOption('Cleo')
  await rows.getByText('Granted a role').waitFor({ state: 'detached' })
})

story('a name, a password and the organization are changed; a lost password is replaced by a link', { canvases, serving }, async (desk) => {
  const { url } = desk.server
  const ada = await setUp(desk)
  const dora = await accept(desk, await invite(ada, url, 'editor'), 'Dora')
  await dora.goto(`${url}/settings`)
  await fill(dora, { Name: 'Dora Maar' })
  await dora.getByRole('button', { name: 'Save' }).click()
  await said(dora, 'Others see your new name').waitFor()
  await expectAccessible(dora)
  await fill(dora, { 'Current password': 'not that one', 'New password': 'another long one', 'The same again': 'another long one' })
  await dora.getByRole('button', { name: 'Change the password' }).click()
  await dora.getByRole('alert').waitFor()
  await fill(dora, { 'Current password': password })
  await dora.getByRole('button', { name: 'Change the password' }).click()
  await said(dora, 'Your password is changed').waitFor()

  await ada.goto(`${url}/settings/organization`)
  await fill(ada, { Name: 'Acme Studies' })
  await ada.getByRole('button', { name: 'Save' }).click()
  await said(ada, 'its new name').waitFor()
  await ada.getByRole('button', { name: 'Members' }).click()
  await ada.getByRole('button', { name: 'More for Dora Maar' }).click()
  await ada.getByRole('menuitem', { name: 'Link for a new password' }).click()
  const link = await ada.locator('.made code').textContent()
  const elsewhere = await desk.newPage()
  await elsewhere.goto(link)
  await elsewhere.getByRole('heading', { name: 'Set a new password' }).waitFor()
  await expectAccessible(elsewhere)
  await fill(elsewhere, { 'New password': 'a third long one', 'The same again': 'a third long one' })
  await elsewhere.getByRole('button', { name: 'Set it and sign in' }).click()
  await card(elsewhere, 'Churn').waitFor()
  // The browser that was signed in is out.
  await dora.reload()
  await dora.getByText('Acme Studies', { exact: true }).waitFor()
})

story('an owner reads how the server is set', { canvases, serving }, async (desk) => {
  const page = await setUp(desk)
  await page.goto(`${desk.server.url}/settings/server`)
  const port = page.locator('.server li', { has: page.getByRole('heading', { name: 'port', exact: true }) })
  await port.getByText('set by --port').waitFor()
  await expectAccessible(page)
})
