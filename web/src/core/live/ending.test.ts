import { expect, test } from 'vitest'
import { sampleGraph } from '../../model/sample'
import { endingOf } from './ending'
import { FakeServer } from './fake_server'
import { settle, TestPage } from './test_page'

test('an end that says nothing of its own is no more than a lost connection', () => {
  for (const event of [
    { code: 1006 },
    { code: 1000, reason: 'FOLDER_GONE: x' },
    { code: 4000, reason: 'bye' },
  ])
    expect(endingOf(event)).toEqual({ anew: false })
  expect(endingOf({ code: 4000, reason: 'CANVAS_IDLE: join again' })).toEqual({ anew: false })
})

test('what the server says at the end is shown until there is a connection again, and nothing typed is lost', () => {
  const server = new FakeServer(sampleGraph('a'))
  const page = new TestPage(server, 'p')
  settle([page])
  page.around.connection?.cut('CANVAS_OPEN_ELSEWHERE: another server has it open')
  expect(page.store.problem).toBe('another server has it open')
  page.type('a', 0, 'kept ')
  settle([page])
  expect(page.store.problem).toBeUndefined()
  expect(server.texts.get('a')!.code).toMatch(/^kept /)
})

test('a page that the server does not understand begins anew from a snapshot', () => {
  const server = new FakeServer(sampleGraph('a'))
  const page = new TestPage(server, 'p')
  settle([page])
  const places: unknown[] = []
  const { connect } = page.around
  page.around.connect = (place) => (places.push(place), connect.call(page.around, place))
  page.around.connection?.cut('MESSAGE_INVALID: a message is a JSON object')
  settle([page])
  page.around.connection?.cut('PEER_SLOW: join again')
  settle([page])
  expect(places).toEqual([undefined, expect.objectContaining({ epoch: 'first' })])
})
