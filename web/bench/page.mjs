// Serve web/dist on a free port and open it in Debian's Chromium; everything ends with `close`.
import { chromium } from 'playwright-core'
import { preview } from 'vite'

const flags =
  '--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync'

/** Debian's Chromium. */
export const launch = () =>
  chromium.launch({ executablePath: '/usr/bin/chromium', headless: true, args: flags.split(' ') })

export async function openBrowser() {
  const server = await preview({ preview: { port: 0, host: '127.0.0.1' }, logLevel: 'error' })
  const { port } = server.httpServer.address()
  const browser = await launch()
  return {
    browser,
    address: `http://127.0.0.1:${port}/dev.html`,
    close: async () => {
      await browser.close()
      await server.close()
    },
  }
}

/** Wait until the page rests: its fonts and images are there, and for twenty frames nothing in it has changed. */
export const settled = (page) =>
  page.evaluate(
    () =>
      new Promise((done) => {
        let still = 0
        const changes = new MutationObserver(() => (still = 0))
        changes.observe(document.body, {
          subtree: true,
          childList: true,
          attributes: true,
          characterData: true,
        })
        const frame = () => {
          const loading =
            document.fonts.status !== 'loaded' || [...document.images].some((image) => !image.complete)
          still = loading ? 0 : still + 1
          if (still < 20) return void requestAnimationFrame(frame)
          changes.disconnect()
          done()
        }
        requestAnimationFrame(frame)
      }),
  )
