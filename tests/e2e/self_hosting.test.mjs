import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after } from 'node:test'
import { fileURLToPath } from 'node:url'
import { expectAccessible, story } from './desk.mjs'
import { noGoogle, startGoogle } from './google.mjs'

const binary = resolve(process.env.EASEL_BINARY ?? fileURLToPath(new URL('../../build/dev/bin/easel', import.meta.url)))
const canvases = { churn: ['Churn', { load: 'x = 1\n' }] }
const bucket = 'easel-acme'
const token = 'not-a-real-token.of-a-cluster.c2VjcmV0'
const field = (page, label) => page.getByLabel(label, { exact: true })
const row = (page, what) => page.locator('.checks li', { hasText: what })
const mark = (page, path) => page.locator(`.text${path.split('.').map((part) => `.${part}`).join('')} .wrong`)

/** Pictures for people: only if somebody wants them. */
async function picture(page, name) {
  const folder = process.env.E2E_LOOK
  if (!folder) return
  for (const colorScheme of ['light', 'dark'])
    for (const width of [1440, 900]) {
      await page.setViewportSize({ width, height: 1800 })
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
      await page.waitForFunction((theme) => document.documentElement.dataset.theme === theme, colorScheme)
      await page.screenshot({ path: `${folder}/${name}_${colorScheme}_${width}.png` })
    }
  await page.setViewportSize({ width: 1440, height: 900 })
}

const google = noGoogle === undefined ? await startGoogle(bucket) : undefined
after(() => google?.stop())

/** What an operator sees at the end of `easel gcp apply`. */
function apply() {
  const words = ['--project', 'acme-zerve-infra', '--region', 'europe-west2', '--organization', 'acme', '--bucket', bucket]
  const caller = ['--caller', 'serviceAccount:zerve-caller@zerve-saas.iam.gserviceaccount.com', '--cors-origin', 'https://easel.acme.example']
  const record = ['--record', join(mkdtempSync(join(tmpdir(), 'e2e-record-')), 'record.json')]
  const env = { PATH: process.env.PATH, ...google.environ, EASEL_GCP_ACCESS_TOKEN: 'operator' }
  const done = spawnSync(binary, ['gcp', 'apply', '--yes', '--json', ...words, ...caller, ...record], { env, encoding: 'utf8' })
  assert.equal(done.status, 0, done.stderr + done.stdout)
  return JSON.parse(done.stdout).settings
}
/** Take the app account's rights on the bucket away. */
async function takeBucketAway() {
  const path = `${google.storage}/storage/v1/b/${bucket}/iam`
  const headers = { Authorization: 'Bearer operator', 'Content-Type': 'application/json' }
  const policy = await (await fetch(path, { headers })).json()
  policy.bindings = policy.bindings.filter(({ members }) => !members.some((member) => member.includes('easel-app-sa')))
  assert.equal((await fetch(path, { method: 'PUT', headers, body: JSON.stringify(policy) })).status, 200)
}

if (google)
  story('an admin drops what apply printed, tests it, and learns the command for what is broken', { canvases, more: google.environ }, async (desk) => {
    const page = await desk.open('/settings/self-hosting')
    await page.getByRole('heading', { name: 'Self-hosting' }).waitFor()
    const paste = page.getByLabel('What easel gcp apply printed')
    await paste.fill('project: acme-data\norganization: acme\n')
    await page.getByRole('button', { name: 'Fill in' }).click()
    await page.getByRole('alert').getByText('line 2').waitFor()

    const dropped = await page.evaluateHandle((yaml) => {
      const data = new DataTransfer()
      data.items.add(new File([yaml], 'settings.yaml'))
      return data
    }, apply())
    await paste.dispatchEvent('drop', { dataTransfer: dropped })
    await page.waitForFunction((name) => document.querySelector('.text.bucket input')?.value === name, bucket)
    await page.getByRole('button', { name: 'Save and test connection' }).click()
    await page.getByText('What could be tested works.').waitFor()
    assert.equal(await page.locator('.checks li.failed').count(), 0)
    assert.ok((await page.locator('.checks li.good').count()) >= 6)
    await page.getByText('Not in use: state is kept on the disk of the server only.').waitFor()

    await takeBucketAway()
    await page.getByRole('button', { name: 'Test connection', exact: true }).click()
    const broken = row(page, 'writes, reads and removes an object')
    await broken.and(page.locator('.failed')).waitFor()
    const command = await broken.locator('pre').textContent()
    assert.match(command, /gcloud storage buckets add-iam-policy-binding gs:\/\/easel-acme/)
    assert.match(command, /roles\/storage\.objectAdmin/)
    await page.getByRole('button', { name: 'Stop' }).click()
    await page.getByText('Stopped.').waitFor()
    await page.getByText(/were not run: why|What was not run/).click()
    await picture(page, 'failed')
    await expectAccessible(page)

    await page.reload()
    await broken.waitFor()
    assert.equal(await field(page, 'Bucket').inputValue(), bucket)
  })

story('a wrong field says how to find its value; a secret is set, never shown, replaced and removed', { canvases }, async (desk) => {
  const page = await desk.open('/settings/self-hosting')
  await field(page, 'Project').fill('acme-data')
  await field(page, 'Region').fill('europe-west2')
  await field(page, 'Bucket').fill('gs://easel-acme')
  await page.getByRole('button', { name: 'Propose names' }).click()
  assert.equal(await field(page, 'App account').inputValue(), 'easel-app-sa@acme-data.iam.gserviceaccount.com')
  await page.getByLabel('There is a Kubernetes cluster for blocks').check()
  await page.getByText('the organization is the trust boundary').waitFor()
  await field(page, 'Namespace').fill('easel')
  const secret = page.getByLabel(/^Service account token/)
  await secret.fill(token)
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  await page.getByRole('alert').getByText('2 fields are marked').waitFor()
  await mark(page, 'bucket').getByText('gcloud storage buckets list --project acme-data').waitFor()
  await mark(page, 'kubernetes.endpoint').getByText('is missing').waitFor()
  assert.equal(await secret.inputValue(), token)
  await picture(page, 'wrong')
  await expectAccessible(page)

  await field(page, 'Bucket').fill('easel-acme')
  assert.equal(await mark(page, 'bucket').count(), 0)
  await field(page, 'Endpoint').fill('https://203.0.113.7')
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  await page.getByText('kept encrypted, not shown').waitFor()
  assert.equal(await secret.inputValue(), '')

  await page.reload()
  await page.getByText('kept encrypted, not shown').waitFor()
  assert.ok(!(await page.content()).includes(token))
  await page.getByRole('button', { name: 'Remove' }).click()
  await page.getByText('is removed when you save').waitFor()
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  await page.getByText('optional; kept encrypted, never shown again').first().waitFor()
  assert.equal(await page.getByText('kept encrypted, not shown').count(), 0)
})
