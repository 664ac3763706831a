import fc from 'fast-check'
import { expect, test } from 'vitest'
import { apply } from '../../model/change'
import { anyChange, sampleGraph, snapshot } from '../../model/sample'
import { page as notices } from '../session/page'
import { FakeServer } from './fake_server'
import { settle, TestPage } from './test_page'

const start = () => sampleGraph('a b c d e f', 'a>b b>c a>c c>d e>d')

function expectAlike(server: FakeServer, pages: readonly TestPage[]): void {
  const [code, graph] = [[...server.texts].map(([id, t]) => [id, t.code]), snapshot(server.graph)]
  for (const { store } of pages) {
    expect(store.unsent).toBe(0)
    expect(snapshot(store.graph)).toEqual(graph)
    for (const [id, text] of code) expect(store.graph.block(id!)!.code).toBe(text)
  }
}

const who = fc.nat(2)
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('move' as const), who }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('change' as const), who, change: anyChange }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('type' as const),
      who,
      block: fc.constantFrom('a', 'b'),
      at: fc.nat(20),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('cut' as const), who }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('wait' as const), who }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('undo' as const), who }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('folder' as const), who }) },
)

test('connections are cut, slow and uneven: every page ends with what the server has, each change made once', () => {
  const run = (remembered: number) =>
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const server = new FakeServer(start())
      server.remembered = remembered
      const pages = ['p', 'q', 'r'].map((name) => new TestPage(server, name))
      settle(pages)
      let n = 0
      for (const s of steps) {
        const page = pages[s.who]!
        if (s.do === 'move') page.move()
        else if (s.do === 'change') page.store.change(s.change)
        else if (s.do === 'type') page.type(s.block, s.at, `<${++n}>`)
        else if (s.do === 'cut') page.around.connection?.cut()
        else if (s.do === 'wait') page.around.wait()
        else if (s.do === 'undo') page.store.undo()
        else if (server.graph.block('a')) server.edit('a', `outside ${++n}\n`)
      }
      settle(pages)
      expectAlike(server, pages)
      const tokens = server.log.map((operation) => operation.token).filter(Boolean)
      expect(new Set(tokens).size).toBe(tokens.length)
    })
  fc.assert(run(Infinity), { numRuns: 120 })
  fc.assert(run(2), { numRuns: 80 })
})

test('what two people type in one block while connections come and go is there once, and alike', () => {
  const steps = fc.array(
    fc.tuple(who, fc.constantFrom('type', 'type', 'move', 'move', 'cut', 'wait'), fc.nat(30)),
    {
      maxLength: 80,
    },
  )
  fc.assert(
    fc.property(steps, (all) => {
      const server = new FakeServer(start())
      const pages = ['p', 'q', 'r'].map((name) => new TestPage(server, name))
      settle(pages)
      const typed: string[] = []
      for (const [i, what, at] of all) {
        const page = pages[i]!
        if (what === 'type') {
          const mark = String.fromCharCode(0x4e00 + typed.length)
          typed.push(mark)
          page.type('a', at, mark)
        } else if (what === 'move') page.move()
        else if (what === 'cut') page.around.connection?.cut()
        else page.around.wait()
      }
      settle(pages)
      expectAlike(server, pages)
      expect([...server.texts.get('a')!.code].sort()).toEqual(typed)
    }),
    { numRuns: 120 },
  )
})

test('a change made without a connection waits, and is made once there is one', () => {
  const server = new FakeServer(start())
  const page = new TestPage(server, 'p')
  settle([page])
  page.around.connection!.cut()
  expect(page.store.connection).toBe('lost')
  page.store.change({ op: 'rename', id: 'a', name: 'away' })
  page.type('b', 0, 'typed offline')
  expect(page.store.unsent).toBe(2)
  expect(server.graph.block('a')!.name).toBe('a')
  settle([page])
  expect(server.graph.block('a')!.name).toBe('away')
  expect(server.texts.get('b')!.code).toBe('typed offline')
  expect(page.store.unsent).toBe(0)
})

test('an answer that was lost on its way is not made twice', () => {
  const server = new FakeServer(start())
  const page = new TestPage(server, 'p')
  settle([page])
  page.store.change({ op: 'delete', ids: ['f'] })
  page.type('a', 0, 'x')
  while (page.around.connection!.up());
  page.around.connection!.cut()
  settle([page])
  expect(server.log).toHaveLength(1)
  expect(server.texts.get('a')!.code).toBe('x')
  expectAlike(server, [page])
})

test('two people take one name at once: the second block is kept under another', () => {
  const server = new FakeServer(start())
  const pages = ['p', 'q'].map((name) => new TestPage(server, name))
  settle(pages)
  for (const [i, page] of pages.entries()) {
    const block = { ...server.graph.block('f')!, id: `new${i}`, name: 'block' }
    expect(page.store.change({ op: 'add', block })).toBeUndefined()
    page.type(`new${i}`, 0, `of ${i}`)
  }
  settle(pages)
  expect(['new0', 'new1'].map((id) => server.graph.block(id)?.name)).toEqual(['block', 'block_2'])
  expectAlike(server, pages)
})

test('a refusal takes the change back and says why', () => {
  const server = new FakeServer(start())
  const page = new TestPage(server, 'p')
  settle([page])
  expect(apply(server.graph, { op: 'connect', edge: { parent: 'f', child: 'a' } }).ok).toBe(true)
  expect(page.store.change({ op: 'connect', edge: { parent: 'd', child: 'f' } })).toBeUndefined()
  settle([page])
  expect(page.store.graph.hasEdge({ parent: 'd', child: 'f' })).toBe(false)
  expect(notices().notice?.text).toContain('cycle')
})

test('typing is undone on the stage after the editor was left, and what others typed stays', () => {
  const server = new FakeServer(start())
  const pages = ['p', 'q'].map((name) => new TestPage(server, name))
  const [mine, other] = pages as [TestPage, TestPage]
  settle(pages)
  mine.type('a', 0, 'mine')
  mine.store.leftText('a', 0)
  settle(pages)
  other.type('a', 4, ' theirs')
  settle(pages)
  expect(mine.store.undo()).toBe(true)
  settle(pages)
  expect(server.texts.get('a')!.code).toBe(' theirs')
  expect(mine.store.redo()).toBe(true)
  settle(pages)
  expect(server.texts.get('a')!.code).toBe('mine theirs')
  expectAlike(server, pages)
})

test('a server that forgot everything is begun anew with', () => {
  const server = new FakeServer(start())
  const page = new TestPage(server, 'p')
  settle([page])
  page.store.change({ op: 'move', moves: [{ id: 'a', at: { x: 5, y: 5 } }] })
  settle([page])
  server.epoch = 'second'
  server.log.length = 0
  page.around.connection!.cut()
  page.store.change({ op: 'rename', id: 'b', name: 'later' })
  settle([page])
  expect(server.graph.block('b')!.name).toBe('later')
  expectAlike(server, [page])
})

test('who may not edit any more sees what the server has, and is handed what was typed meanwhile', () => {
  const server = new FakeServer(start())
  const page = new TestPage(server, 'p')
  settle([page])
  const become = (role: typeof server.role) => ((server.role = role), page.around.connection!.cut())
  become('runner')
  page.type('a', 0, 'typed too late')
  settle([page])
  expect(page.store.role).toBe('runner')
  expect(notices().notice).toMatchObject({ action: { label: 'Copy it' } })
  expectAlike(server, [page])
  expect(page.store.change({ op: 'rename', id: 'b', name: 'x' })).toMatchObject({ reason: 'ROLE' })
  become('editor')
  settle([page])
  page.type('a', 0, 'again')
  settle([page])
  expect(server.texts.get('a')!.code).toBe('again')
})
