// A double of Google Cloud for one story: tests/fakes/google in a process of its own, seen as a server with a bucket sees it.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const folder = resolve(dirname(fileURLToPath(import.meta.url)), '../fakes/google')
const cache = process.env.EASEL_CACHE ?? join(homedir(), '.cache/easel')
const python = join(cache, 'google/venv/bin/python')
const project = 'acme-zerve-infra'
const app = `easel-app-sa@${project}.iam.gserviceaccount.com`
const caller = 'serviceAccount:zerve-caller@zerve-saas.iam.gserviceaccount.com'

/** Why the double cannot run here; undefined: it can. */
export const noGoogle = existsSync(python) ? undefined : 'scripts/setup google makes what the double runs with'

/** With a bucket, and an account that signs for it when the server's own one asks. */
export async function startGoogle(bucket) {
  const child = spawn(python, ['-P', '-m', 'fake_google', '--seed', join(folder, 'seeds/acme.json')], {
    env: { ...process.env, PYTHONPATH: folder, PYTHONDONTWRITEBYTECODE: '1' },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const ended = new Promise((done) => child.once('exit', done))
  const first = await new Promise((done, fail) => {
    createInterface(child.stdout).once('line', done)
    void ended.then(() => fail(new Error('the double of Google Cloud ended')))
  })
  const endpoints = JSON.parse(first)
  const ask = async (base, method, path, body) => {
    const answer = await fetch(base + path, {
      method,
      headers: { Authorization: 'Bearer operator', 'Content-Type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    })
    const text = await answer.text()
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`)
    return text === '' ? undefined : JSON.parse(text)
  }
  const bindings = { 'roles/iam.serviceAccountTokenCreator': [caller] }
  await ask(endpoints.control, 'POST', '/seed', { accounts: { [app]: { project, bindings } } })
  await ask(endpoints.storage, 'POST', `/storage/v1/b?project=${project}`, {
    ...{ name: bucket, location: 'europe-west2', hierarchicalNamespace: { enabled: true } },
    iamConfiguration: { uniformBucketLevelAccess: { enabled: true } },
  })
  const policy = await ask(endpoints.storage, 'GET', `/storage/v1/b/${bucket}/iam`)
  policy.bindings.push({ role: 'roles/storage.objectAdmin', members: [`serviceAccount:${app}`] })
  await ask(endpoints.storage, 'PUT', `/storage/v1/b/${bucket}/iam`, policy)
  const own = ['control', 'kubernetes']
  return {
    /** Whom the server acts as. */
    app,
    storage: endpoints.storage,
    /** For `easel serve`. */
    environ: {
      ...Object.fromEntries(
        Object.entries(endpoints)
          .filter(([name]) => !own.includes(name))
          .map(([name, base]) => [`EASEL_GCP_ENDPOINT_${name.toUpperCase()}`, base]),
      ),
      EASEL_GCP_ACCESS_TOKEN: 'caller',
      EASEL_GCP_IMPERSONATE: app,
      EASEL_GCP_BACKOFF_MS: '5',
    },
    /** Which pages may; what `easel gcp apply --cors-origin` writes. */
    allow: (...origins) =>
      ask(endpoints.storage, 'PATCH', `/storage/v1/b/${bucket}`, {
        cors: origins.map((origin) => ({
          ...{ origin: [origin], method: ['GET', 'PUT', 'POST'], responseHeader: ['*'], maxAgeSeconds: 3600 },
        })),
      }),
    objects: async () => (await ask(endpoints.storage, 'GET', `/storage/v1/b/${bucket}/o?maxResults=1000`)).items ?? [],
    requests: async () => (await ask(endpoints.control, 'GET', '/requests')).requests,
    faults: (rules) => ask(endpoints.control, 'PUT', '/faults', { rules }),
    async stop() {
      child.stdin.end()
      await ended
    },
  }
}
