// A server on a fresh workspace and a browser that is signed in, for one test each.
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..')
const fromWeb = createRequire(join(root, 'web/package.json'))
const { chromium } = fromWeb('playwright-core')
const { AxeBuilder } = fromWeb('@axe-core/playwright')
const binary = resolve(process.env.EASEL_BINARY ?? join(root, 'build/dev/bin/easel'))
// One executor for a file, so that its environment is warm; its sockets need a short path.
const runtime = process.env.EASEL_RUNTIME_DIR ?? mkdtempSync(join(tmpdir(), 'e2e-'))
const environ = { ...process.env, EASEL_RUNTIME_DIR: runtime, EASEL_WEB: join(root, 'web/dist'), NO_COLOR: '1' }
const slow = Number(process.env.E2E_TIMEOUT_MS ?? 30_000)

let browser
after(async () => {
  await browser?.close()
  if (process.env.EASEL_RUNTIME_DIR) return
  spawnSync(binary, ['executor', 'stop', '--force'], { env: environ })
  rmSync(runtime, { recursive: true, force: true })
})

/** A canvas folder: `blocks` name -> code, edges `a -> b`, side by side; `more` is what canvas.yaml says of a block besides. */
export function makeCanvas(folder, name, blocks, edges = [], more = {}) {
  mkdirSync(join(folder, 'blocks'), { recursive: true })
  mkdirSync(join(folder, 'files'), { recursive: true })
  const lines = Object.keys(blocks).map((block, i) => {
    writeFileSync(join(folder, 'blocks', `${block}.py`), blocks[block])
    return `  ${block}: {kind: python, file: blocks/${block}.py, at: [${i * 460}, 0]${more[block] ? `, ${more[block]}` : ''}}`
  })
  const joined = edges.length ? ['edges:', ...edges.map((edge) => `  - ${edge}`)] : []
  writeFileSync(join(folder, 'canvas.yaml'), [`easel: 1`, `name: ${name}`, 'blocks:', ...lines, ...joined, ''].join('\n'))
}

/** `easel serve` on a free port, or on this one; `more` is its environment besides ours. */
export async function serve(workspace, port = 0, words = [], more = {}) {
  const child = spawn(binary, ['serve', workspace, '--port', String(port), '--no-open', '--json', ...words], {
    env: { ...environ, ...more },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  let complained = ''
  child.stderr.on('data', (bytes) => (complained += bytes))
  const ended = new Promise((done) => child.once('exit', done))
  const line = await new Promise((done, fail) => {
    child.stdout.on('data', (bytes) => {
      said += bytes
      if (said.includes('\n')) done(said.split('\n')[0])
    })
    void ended.then(() => fail(new Error(`easel serve ended: ${complained}`)))
  })
  const { url, token, link } = JSON.parse(line)
  return {
    url,
    link: link ?? `${url}/#token=${token}`,
    port: Number(new URL(url).port),
    async stop(signal = 'SIGTERM') {
      child.kill(signal)
      await ended
    },
    ended,
  }
}

/** A story: `body` gets a desk with a server and what it needs to open pages; `more` is the server's environment besides ours.
 * `google` is started before the server and ends after it. */
export function story(name, { canvases = {}, quickstart = false, width = 1440, serving = [], more = {}, google: startGoogle, skip }, body) {
  test(name, { timeout: slow * 4, skip }, async (t) => {
    const workspace = mkdtempSync(join(tmpdir(), 'easel-e2e-'))
    for (const [folder, canvas] of Object.entries(canvases)) makeCanvas(join(workspace, folder), ...canvas)
    if (quickstart)
      cpSync(join(root, 'examples/quickstart'), join(workspace, 'quickstart'), {
        recursive: true,
        filter: (path) => !path.includes('.easel'),
      })
    const google = await startGoogle?.()
    const server = await serve(workspace, 0, serving, { ...more, ...google?.environ }).catch(async (error) => {
      await google?.stop()
      throw error
    })
    browser ??= await chromium.launch({
      executablePath: '/usr/bin/chromium',
      args: '--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking'.split(' '),
    })
    const contexts = []
    const errors = []
    const desk = {
      workspace,
      server,
      google,
      /** Errors of its pages; what is left of them fails the story. */
      errors,
      async newPage({ state, ...more } = {}) {
        const context = await browser.newContext({
          viewport: { width, height: 900 },
          reducedMotion: 'reduce',
          ...(state && { storageState: state }),
          ...more,
        })
        contexts.push(context)
        context.setDefaultTimeout(slow)
        const page = await context.newPage()
        page.on('pageerror', (error) => errors.push(String(error)))
        return page
      },
      /** A page that is signed in, at `path`. */
      async open(path = '/') {
        const page = await desk.newPage()
        // The token leaves the address at once, and becomes a cookie a moment later.
        const signedIn = page.waitForResponse((answer) => answer.url().endsWith('/session') && answer.request().method() === 'POST')
        await page.goto(`${server.url}${path}#${new URL(server.link).hash.slice(1)}`)
        await signedIn
        desk.state = await page.context().storageState()
        return page
      },
      card: (page, block) => page.locator(`article[aria-label="${block}"]`),
      state: undefined,
    }
    try {
      await body(desk, t)
      assert.deepEqual(errors, [], 'errors in the page')
    } catch (error) {
      const folder = process.env.E2E_PICTURES
      const pages = contexts.flatMap((context) => context.pages())
      if (folder) {
        mkdirSync(folder, { recursive: true })
        const file = (i) => join(folder, `${name.replace(/\W+/g, '_').slice(0, 60)}_${i}.png`)
        await Promise.all(pages.map((page, i) => page.screenshot({ path: file(i) }).catch(() => undefined)))
      }
      throw error
    } finally {
      await Promise.all(contexts.map((context) => context.close()))
      await server.stop()
      await google?.stop()
      rmSync(workspace, { recursive: true, force: true })
    }
  })
}

/** Wait until a block's card says that it is in a state, e.g. `up_to_date`. */
export const inState = (desk, page, block, state) =>
  desk.card(page, block).locator(`.state.${state}`).waitFor({ state: 'visible' })

/** Escape, and again if the first one closed a list of completions. */
export async function leaveEditor(page) {
  const editor = page.locator('.cm-editor')
  await page.keyboard.press('Escape')
  if (await editor.count()) await page.keyboard.press('Escape')
  await editor.waitFor({ state: 'detached' })
}

/** axe finds nothing serious in light, and in dark, where only colours are others, nothing that is about colours. */
export async function expectAccessible(page) {
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    await page.waitForFunction((theme) => document.documentElement.dataset.theme === theme, colorScheme)
    const axe = new AxeBuilder({ page }).options({ resultTypes: ['violations'] })
    const { violations } = await (colorScheme === 'dark' ? axe.withRules(['color-contrast', 'link-in-text-block']) : axe).analyze()
    const serious = violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => `${colorScheme} ${id}: ${nodes.map((node) => node.target.join(' ')).join('; ')}`)
    assert.deepEqual(serious, [])
  }
}
