import type { Block, BlockId } from '../../model/block'
import type { Attempt } from '../canvas/store'
import type { Live } from './live'

/** `RUN/BLOCK.EPOCH` -> `RUN`. */
const runOf = (attempt: string) => attempt.slice(0, attempt.lastIndexOf('/'))

/** The attempts of the newest run, as far as the blocks' standings tell: in the order in which they began. */
export function lastRun(
  blocks: Iterable<Block>,
  live: (id: BlockId) => Live,
  begunMs: ReadonlyMap<BlockId, number>,
  nowMs: number,
): Attempt[] {
  const found: { attempt: Attempt; run: string }[] = []
  for (const block of blocks) {
    const { attempt, state, phasesMs, finishedMs } = live(block.id)
    if (attempt === undefined) continue
    const running = state === 'running'
    const length = Object.values(phasesMs).reduce((sum, ms) => sum + ms, 0)
    const end = running ? nowMs : finishedMs
    if (end === undefined) continue
    const startedMs = Math.min(end, begunMs.get(block.id) ?? end - length)
    const status = state === 'failed' || state === 'cancelled' || running ? state : 'succeeded'
    const shown = { block: block.name, status, startedMs, finishedMs: end }
    found.push({ attempt: shown, run: runOf(attempt) })
  }
  const ends = found.map((one) => one.attempt.finishedMs)
  const newest = found[ends.indexOf(Math.max(...ends))]
  return found
    .filter(({ run }) => run === newest?.run)
    .map(({ attempt }) => attempt)
    .sort((a, b) => a.startedMs - b.startedMs)
}
