import { expect, test } from 'vitest'
import { active, decide, newTransfer, pieceBytes, type Transfer, type TransferEvent } from './transfer'

/** The state and all commands after these events. */
function after(state: Transfer, ...events: TransferEvent[]) {
  const done: string[] = []
  for (const event of events) {
    const [next, commands] = decide(state, event)
    state = next
    for (const c of commands)
      done.push(c.do === 'send' ? `send ${c.from} ${c.to}` : c.do === 'wait' ? `wait ${c.ms}` : c.do)
  }
  return { state, done }
}
const begun = (kept = 0, pieces = true): TransferEvent => ({ on: 'begun', kept, pieces, whole: false })
const start: TransferEvent = { on: 'start' }
const lost: TransferEvent = { on: 'lost' }
const took = (kept: number): TransferEvent => ({ on: 'took', kept })
const two = pieceBytes + 10

test('a large file goes in pieces that the store asks for, and is finished', () => {
  const { state, done } = after(newTransfer(two, false), start, begun(), took(pieceBytes), took(two), {
    on: 'finished',
  })
  expect(done).toEqual(['begin', `send 0 ${pieceBytes}`, `send ${pieceBytes} ${two}`, 'finish'])
  expect(state.phase).toBe('done')
  expect(pieceBytes % (256 << 10)).toBe(0)
})

test('a store that kept less than was sent is believed', () => {
  const { done } = after(newTransfer(two, false), start, begun(), took(262_144))
  expect(done.at(-1)).toBe(`send 262144 ${two}`)
})

test('a small file is one request, from its beginning each time; an empty one, too', () => {
  const { done } = after(
    newTransfer(5, false),
    start,
    begun(0, false),
    lost,
    { on: 'elapsed' },
    begun(3, false),
    took(5),
  )
  expect(done).toEqual(['begin', 'send 0 5', 'stop', 'wait 500', 'look', 'send 0 5', 'finish'])
  expect(after(newTransfer(0, false), start, begun(0, false)).done).toEqual(['begin', 'send 0 0'])
})

test('waits grow while nothing is kept, end at a quarter of a minute, and begin anew once something is', () => {
  let { state } = after(newTransfer(two, false), start, begun())
  const waits: string[] = []
  for (let i = 0; i < 8; i++) {
    const round = after(state, lost, { on: 'elapsed' }, begun())
    waits.push(...round.done.filter((word) => word.startsWith('wait')))
    state = round.state
  }
  expect(waits).toEqual([500, 1000, 2000, 4000, 8000, 15000, 15000, 15000].map((ms) => `wait ${ms}`))
  expect(after(state, took(pieceBytes), lost).done.at(-1)).toBe('wait 500')
})

test('a pause stops what is under way; going on asks how much there is', () => {
  const { state, done } = after(
    newTransfer(two, false),
    start,
    begun(),
    { on: 'moved', sent: 99 },
    { on: 'pause' },
  )
  expect([state.phase, state.sent, done.at(-1)]).toEqual(['paused', 0, 'stop'])
  expect(after(state, took(50), lost, { on: 'moved', sent: 7 }).state).toEqual(state)
  expect(after(state, { on: 'resume' }, begun(262_144)).done).toEqual(['look', `send 262144 ${two}`])
})

test('one that another page began is gone on with; one that the server forgot begins anew', () => {
  expect(after(newTransfer(two, true), start, begun(pieceBytes)).done).toEqual([
    'look',
    `send ${pieceBytes} ${two}`,
  ])
  expect(after(newTransfer(two, true), start, { on: 'forgotten' }, begun()).done).toEqual([
    'look',
    'begin',
    `send 0 ${pieceBytes}`,
  ])
  const whole = after(newTransfer(two, true), start, { on: 'begun', kept: two, pieces: true, whole: true })
  expect(whole.done).toEqual(['look', 'finish'])
})

test('an address that is good no more is asked for anew, three times', () => {
  const stale: TransferEvent = { on: 'stale', refusal: { reason: 'ExpiredToken', text: 'too late' } }
  let { state } = after(newTransfer(two, false), start, begun())
  for (let i = 0; i < 3; i++) {
    ;({ state } = after(state, stale))
    expect(state.phase).toBe('waiting')
    ;({ state } = after(state, { on: 'elapsed' }, begun()))
  }
  ;({ state } = after(state, stale))
  expect([state.phase, state.refusal?.text]).toEqual(['refused', 'too late'])
  expect(after(state, { on: 'again' }).done).toEqual(['look'])
})

test('a store that does not say what it kept is asked at once, and then with patience', () => {
  const unsure: TransferEvent = { on: 'unsure' }
  const { done } = after(newTransfer(two, false), start, begun(), unsure, begun(), unsure)
  expect(done).toEqual(['begin', `send 0 ${pieceBytes}`, 'look', `send 0 ${pieceBytes}`, 'stop', 'wait 1000'])
})

test('a file that the server still brings into its place is asked about again', () => {
  const { state, done } = after(
    newTransfer(5, false),
    start,
    begun(0, false),
    took(5),
    { on: 'pending' },
    { on: 'elapsed' },
    { on: 'finished' },
  )
  expect(done.slice(2)).toEqual(['finish', 'wait 400', 'finish'])
  expect(state.phase).toBe('done')
})

test('a refusal stays until a person says what to do; taking it back tells the server, if it knows of it', () => {
  const refused: TransferEvent = { on: 'refused', refusal: { reason: 'FILE_EXISTS', text: 'there is one' } }
  const before = after(newTransfer(5, false), start, refused)
  expect([before.state.phase, active(before.state)]).toEqual(['refused', false])
  expect(after(before.state, lost, { on: 'elapsed' }, took(5)).done).toEqual([])
  expect(after(before.state, { on: 'cancel' }).done).toEqual(['stop'])
  const later = after(newTransfer(5, false), start, begun(0, false), took(5), refused)
  expect(after(later.state, { on: 'cancel' }).done).toEqual(['stop', 'drop'])
})

/** A small generator of numbers, so that a failure can be had again. */
function numbers(seed: number) {
  return (below: number) => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
    return Math.floor((seed / 2 ** 32) * below)
  }
}

test('whatever comes in whatever order, nothing is sent from where the store is not, and nothing after the end', () => {
  for (let seed = 1; seed <= 300; seed++) {
    const pick = numbers(seed)
    let state = newTransfer(two, pick(2) === 1)
    for (let i = 0; i < 60; i++) {
      const events: TransferEvent[] = [
        start, lost, begun(pick(3) * 262_144), took(pick(two + 1)), { on: 'moved', sent: pick(two) }, { on: 'elapsed' },
        { on: 'pause' }, { on: 'resume' }, { on: 'again' }, { on: 'unsure' }, { on: 'pending' }, { on: 'forgotten' },
        { on: 'stale', refusal: { reason: 'S', text: '' } }, { on: 'refused', refusal: { reason: 'R', text: '' } },
        ...(pick(20) === 0 ? [{ on: 'cancel' } as const, { on: 'finished' } as const] : []),
      ] // prettier-ignore
      const [next, commands] = decide(state, events[pick(events.length)] as TransferEvent)
      if (state.phase === 'done' || state.phase === 'gone') expect([next, commands]).toEqual([state, []])
      for (const command of commands)
        if (command.do === 'send')
          expect([command.from, command.to > command.from]).toEqual([next.kept, true])
      expect(next.sent).toBeGreaterThanOrEqual(next.kept)
      expect(next.sent).toBeLessThanOrEqual(next.bytes)
      expect(next.phase === 'refused').toBe(next.refusal !== undefined)
      state = next
    }
  }
})
