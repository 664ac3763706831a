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
