import { expect, test } from 'vitest'
import type { RunRequest } from '../../model/plan'
import { sampleGraph } from '../../model/sample'
import { neverRun } from '../run/live'
import { page } from '../session/page'
import { AskedRuns } from './asked_runs'

const request = { mode: 'this', blocks: ['a'], force: false } as const
const end = { event: 'run.finished', run: '7', status: 'succeeded', seconds: 0, up_to_date: ['a'] } as const

function asking() {
  const [cancelled, started]: [string[], string[]] = [[], []]
  let answer!: (run: string) => void
  const answered = new Promise<string>((done) => (answer = done))
  const store = {
    graph: sampleGraph('a'),
    unsent: 0,
    connection: 'open',
    onChange: () => () => undefined,
    live: () => ({
      ...neverRun,
      state: 'skipped' as const,
      reason: '`a` above it has no result yet; `--to b` runs it too',
    }),
  } as const
  const run = ({ force, mode }: RunRequest) => {
    started.push(force ? 'forced' : mode === 'up_to' ? 'up to' : 'asked')
    return answered
  }
  const cancel = async (ids: readonly string[]) => void cancelled.push(...ids)
  const runs = new AskedRuns(store, { run, cancel }, () => undefined)
  runs.ask(request)
  return { runs, cancelled, started, answer, settled: () => new Promise((done) => setTimeout(done)) }
}

test('a run that is cancelled before the server has named it is cancelled when it has', async () => {
  const { runs, cancelled, answer, settled } = asking()
  runs.cancel(['of another page'])
  expect(cancelled).toEqual(['of another page'])
  answer('7')
  await settled()
  expect(cancelled).toEqual(['of another page', '7'])
  runs.finished({ ...end, status: 'cancelled' })
  expect(runs.some).toBe(false)
})

test.each(['the answer', 'the end'])(
  'a run with nothing to do says so and offers more; %s comes first',
  async (first) => {
    const { runs, started, answer, settled } = asking()
    const deeds = [() => answer('7'), () => runs.finished(end)]
    for (const deed of first === 'the end' ? deeds.reverse() : deeds) {
      deed()
      await settled()
    }
    expect(page().notice?.text).toBe('a is up to date.')
    expect(runs.some).toBe(false)
    page().notice?.action?.run()
    await settled()
    expect(started).toEqual(['asked', 'forced'])
  },
)

test('a block that lacks what is above it says so and offers to run that, too', async () => {
  const { runs, started, answer, settled } = asking()
  answer('7')
  await settled()
  runs.finished({ ...end, status: 'failed', up_to_date: [], skipped: ['b'] })
  expect(page().notice?.text).toBe('Not run: `a` above it has no result yet.')
  page().notice?.action?.run()
  await settled()
  expect(started).toEqual(['asked', 'up to'])
})

test('what ended while there was no connection is not waited for', async () => {
  const { runs, answer, settled } = asking()
  answer('7')
  await settled()
  expect(runs.some).toBe(true)
  runs.begin(new Set())
  expect(runs.some).toBe(false)
})
