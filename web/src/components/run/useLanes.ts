import { useEffect, useState } from 'react'
import type { BlockId, RunState } from '../../model/block'
import type { Live } from '../../core/run/live'
import type { CanvasStore } from '../../core/canvas/store'
import { useStore } from '../canvas/useStore'

export interface Lane {
  readonly id: BlockId
  readonly name: string
  readonly state: RunState
  readonly reason: string
  readonly pieces: readonly { phase: string; fromMs: number; toMs: number }[]
  readonly tookMs: number
  readonly endMs: number
}
interface Lanes {
  readonly lanes: readonly Lane[]
  readonly lengthMs: number
}
const together = 3000

/** The lanes of the newest run that this page saw, or that a recording holds; twice a second while it runs. */
export function useLanes(): Lanes {
  const store = useStore()
  const [lanes, setLanes] = useState<Lanes>(() => lanesOf(store))
  useEffect(() => {
    let asked: ReturnType<typeof setTimeout> | undefined
    const look = () => {
      asked = undefined
      setLanes(lanesOf(store))
      if (store.running) asked = setTimeout(look, 500)
    }
    look()
    const stop = store.onChange(() => {
      asked ??= setTimeout(look, 100)
    })
    return () => {
      clearTimeout(asked)
      stop()
    }
  }, [store])
  return lanes
}

function lanesOf(store: CanvasStore): Lanes {
  const now = performance.now()
  const seen = [...store.graph.blocks()].map((block) => ({ block, live: store.live(block.id) }))
  const started = seen.filter(
    ({ live }) => live.startedMs !== undefined && (live.marks !== undefined || live.late),
  )
  if (started.length === 0) return recorded(store)
  // A run's blocks follow each other closely; what began long before belongs to an earlier one.
  started.sort((a, b) => b.live.startedMs! - a.live.startedMs!)
  let begin = started[0]!.live.startedMs!
  const own = new Set<BlockId>()
  for (const { block, live } of started) {
    if ((live.endedMs ?? now) < begin - together && own.size > 0) break
    begin = Math.min(begin, live.startedMs!)
    own.add(block.id)
  }
  const last = Math.max(
    ...started.filter(({ block }) => own.has(block.id)).map(({ live }) => live.endedMs ?? now),
  )
  const lanes = seen
    .filter(({ block, live }) => own.has(block.id) || (store.running && live.state === 'queued'))
    .map(({ block, live }) => laneOf(block.id, block.name, live, begin, last))
    .sort((a, b) => (a.pieces[0]?.toMs ?? 0) - (b.pieces[0]?.toMs ?? 0))
  return { lanes, lengthMs: Math.max(100, last - begin) }
}

function laneOf(id: BlockId, name: string, live: Live, begin: number, last: number): Lane {
  const { state, reason } = live
  if (state === 'queued' || live.startedMs === undefined) {
    const pieces = [{ phase: 'queue', fromMs: 0, toMs: last - begin }]
    return { id, name, state, reason, pieces, tookMs: 0, endMs: last - begin }
  }
  const from = live.startedMs - begin
  const end = (live.endedMs ?? last) - begin
  const first = live.late ? 'under-way' : 'start'
  const marks = [{ phase: first, atMs: live.startedMs }, ...(live.marks ?? [])]
  const pieces = marks.map((mark, i) => ({
    phase: mark.phase,
    fromMs: mark.atMs - begin,
    toMs: i + 1 < marks.length ? marks[i + 1]!.atMs - begin : end,
  }))
  const queue = from > 0 ? [{ phase: 'queue', fromMs: 0, toMs: from }] : []
  return { id, name, state, reason, pieces: [...queue, ...pieces], tookMs: end - from, endMs: end }
}

function recorded(store: CanvasStore): Lanes {
  const attempts = store.attempts().toSorted((a, b) => a.startedMs - b.startedMs)
  const begin = Math.min(...attempts.map((a) => a.startedMs))
  const lanes = attempts.flatMap(({ block: name, startedMs, finishedMs }): Lane[] => {
    const block = store.graph.named(name)
    if (!block) return []
    const [fromMs, toMs] = [startedMs - begin, finishedMs - begin]
    const { state, reason } = store.live(block.id)
    const pieces = [{ phase: 'run', fromMs, toMs }]
    return [{ id: block.id, name, state, reason, pieces, tookMs: toMs - fromMs, endMs: toMs }]
  })
  return { lanes, lengthMs: Math.max(100, ...lanes.map((lane) => lane.endMs)) }
}
