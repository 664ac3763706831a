import { expect, test } from 'vitest'
import { sampleGraph } from '../../model/sample'
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
