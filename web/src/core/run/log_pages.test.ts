import { expect, test } from 'vitest'
import type { LogQuery } from './log'
import { LogPages } from './log_pages'

const settled = () => new Promise((done) => setTimeout(done))
function pagesOf(total: { n: number }) {
  const asked: LogQuery[] = []
  const read = (query: LogQuery) => {
    asked.push(query)
    const count = Math.max(0, Math.min(query.limit, total.n - query.from))
    const lines = Array.from({ length: count }, (_, i) => ({ n: query.from + i, stream: 'stdout', text: '' }))
    return Promise.resolve({ lines, from: query.from, total: total.n })
  }
  return { pages: new LogPages(read, '', () => undefined), asked }
}

test('only the pages in view are fetched, and each once', async () => {
  const { pages, asked } = pagesOf({ n: 1_000_000 })
  pages.refresh()
  await settled()
  pages.want(500_100, 40)
  pages.want(500_100, 40)
  await settled()
  expect(asked.map((query) => query.from)).toEqual([0, 500_000])
  expect(pages.line(500_139)?.n).toBe(500_139)
  expect(pages.line(7000)).toBeUndefined()
})
test('a log that is shorter than before is another one', async () => {
  const total = { n: 1000 }
  const { pages } = pagesOf(total)
  pages.refresh()
  await settled()
  pages.want(0, 10)
  total.n = 3
  pages.refresh()
  await settled()
  pages.refresh()
  await settled()
  expect(pages.total).toBe(3)
  expect(pages.line(2)?.n).toBe(2)
})
