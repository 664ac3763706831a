// CPU time of the page's main thread, from Chromium's own trace: what waited for a core does not count.
export async function traceMainThread(browser) {
  const cdp = await browser.newBrowserCDPSession()
  const events = []
  cdp.on('Tracing.dataCollected', ({ value }) => events.push(...value))
  const includedCategories = ['devtools.timeline', 'disabled-by-default-devtools.timeline', 'toplevel']
  await cdp.send('Tracing.start', { traceConfig: { includedCategories } })
  return async () => {
    const complete = new Promise((done) => cdp.once('Tracing.tracingComplete', done))
    await cdp.send('Tracing.end')
    await complete
    await cdp.detach()
    return busyMs(events)
  }
}

function busyMs(events) {
  const thread = ({ pid, tid }) => `${pid}:${tid}`
  const drawn = new Map()
  for (const event of events)
    if (event.name === 'FireAnimationFrame') drawn.set(thread(event), (drawn.get(thread(event)) ?? 0) + 1)
  const main = [...drawn].sort((a, b) => b[1] - a[1])[0]?.[0]
  const own = events
    .filter((event) => event.ph === 'X' && event.tdur !== undefined && thread(event) === main)
    .sort((a, b) => a.ts - b.ts || b.dur - a.dur)
  // The outermost events hold all others.
  let [busy, end] = [0, 0]
  for (const event of own) {
    if (event.ts < end) continue
    busy += event.tdur
    end = event.ts + event.dur
  }
  return busy / 1000
}
