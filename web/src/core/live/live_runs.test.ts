import { expect, test } from 'vitest'
import { sampleGraph } from '../../model/sample'
import { Standings } from '../canvas/standings'
import type { RunEvent } from '../run/event'
import { page as notices } from '../session/page'
import { FakeServer } from './fake_server'
import { settle, TestPage } from './test_page'

test('a run is asked for once the server has what was typed, and not if there is no connection to bring it there', async () => {
  const server = new FakeServer(sampleGraph('a b', 'a>b'))
  const page = new TestPage(server, 'p')
  const soon = () => new Promise((done) => setTimeout(done))
  settle([page])
  page.type('a', 0, 'typed ')
  page.type('a', 6, 'fast ')
  page.store.run({ mode: 'this', blocks: ['a'], force: false })
  await soon()
  expect(page.asked).toEqual([])
  expect(page.store.running).toBe(true)
  settle([page])
  await soon()
  expect(page.asked).toEqual([expect.stringMatching(/^typed fast /)])

  page.type('a', 0, 'more ')
  page.store.run({ mode: 'this', blocks: ['a'], force: false })
  page.around.connection?.cut()
  await soon()
  expect(page.asked).toHaveLength(1)
  expect(notices().notice?.text).toMatch(/does not answer/)
})

test('a run that waits for its environment says what it waits for, to pages that come later, too', () => {
  const standings = new Standings({ live: new Map(), variables: new Map() }, () => {})
  const graph = sampleGraph('a')
  const take = (...events: RunEvent[]) => standings.take({ events }, graph, new Set())
  take({ event: 'run.preparing', run: 'r1', mode: 'all', environments: ['big'] })
  expect([standings.preparing, standings.runs.size]).toEqual(['', 1])
  take({ event: 'environment.progress', run: 'r1', message: 'downloading' })
  take({ event: 'environment.progress', message: 'of no run' })
  expect(standings.preparing).toBe('downloading')
  take({ event: 'run.started', run: 'r1', mode: 'all' })
  expect([standings.preparing, standings.runs.size]).toEqual([undefined, 1])
  const run = { run: 'r2', mode: 'all', status: 'preparing', message: 'installing', created_ms: 1 }
  standings.begin([], [run])
  expect(standings.preparing).toBe('installing')
  take({ event: 'run.finished', run: 'r2', status: 'failed', seconds: 1, error: 'no such package' })
  expect([standings.preparing, standings.runs.size]).toEqual([undefined, 0])
})
