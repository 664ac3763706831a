// UI1: frames while panning and zooming a canvas of many blocks: node bench/frames.mjs [BLOCKS...]. Of the main thread it is
// the CPU time that counts, from a trace: on a busy machine the times between frames say more about the machine.
import { loadavg } from 'node:os'
import { openBrowser, settled } from './page.mjs'
import { traceMainThread } from './trace.mjs'

const frames = 60
const { browser, address, close } = await openBrowser()
const quantile = (values, q) => values.toSorted((a, b) => a - b)[Math.floor(values.length * q)]
for (const blocks of process.argv.slice(2).length ? process.argv.slice(2) : ['200', '5000']) {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } })
  await page.goto(`${address}?canvas=${blocks}`)
  await page.waitForSelector('.card')
  await settled(page)
  const fit = await page.evaluate(async () => {
    await globalThis.__easel.flow.fitView?.()
    document.querySelector('[aria-label="Fit canvas"]').click()
    await new Promise((r) => setTimeout(r, 400))
    return globalThis.__easel.flow.getZoom()
  })
  const middle = await page.evaluate(() => {
    const { x, y, zoom } = globalThis.__easel.flow.getViewport()
    return { x: (600 - x) / zoom, y: (400 - y) / zoom }
  })
  const runs = [
    ['pan at 100 %', 1, 36, 24, false],
    ['pan at 45 %', 0.45, 24, 16, false],
    ['pan at 20 %', 0.2, 24, 16, false],
    ['pan at fit', fit, 12, 8, false],
    ['zoom in from fit', fit, 0, Math.log2(fit) / frames / 0.002, true],
    ['zoom out to fit', 1, 0, -Math.log2(fit) / frames / 0.002, true],
  ]
  for (const [name, zoom, dx, dy, ctrlKey] of runs) {
    await page.evaluate(
      ({ zoom, middle }) =>
        globalThis.__easel.flow.setViewport({ x: 600 - middle.x * zoom, y: 400 - middle.y * zoom, zoom }),
      { zoom, middle },
    )
    await settled(page)
    const stopTrace = await traceMainThread(browser)
    const result = await page.evaluate(
      ({ frames, dx, dy, ctrlKey }) =>
        new Promise((done) => {
          const pane = document.querySelector('.react-flow__pane')
          const times = []
          let last = 0
          const frame = (t) => {
            if (last) times.push(t - last)
            last = t
            if (times.length >= frames)
              return done({ times, cards: document.querySelectorAll('.card').length })
            const at = { bubbles: true, cancelable: true, clientX: 700, clientY: 450 }
            pane.dispatchEvent(new WheelEvent('wheel', { ...at, deltaX: dx, deltaY: dy, ctrlKey }))
            requestAnimationFrame(frame)
          }
          requestAnimationFrame(frame)
        }),
      { frames, dx, dy, ctrlKey },
    )
    const main = (await stopTrace()) / frames
    const [p50, p95] = [0.5, 0.95].map((q) => quantile(result.times, q).toFixed(1))
    console.log(
      `${blocks.padStart(5)} blocks  ${name.padEnd(17)} p50 ${p50} p95 ${p95} ms  main thread ${main.toFixed(1)} ms/frame  ${result.cards} cards  load ${loadavg()[0].toFixed(1)}`,
    )
  }
  await page.close()
}
await close()
