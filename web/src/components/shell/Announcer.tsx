import { useEffect, useState } from 'react'
import type { BlockId, RunState } from '../../model/block'
import { stateWords } from '../canvas/state_look'
import { useStore } from '../canvas/useStore'

const loud = new Set<RunState>(['failed', 'up_to_date', 'cancelled'])

/** Says to screen readers what ended: "clean failed, line 6"; at most once a second, several at once in one sentence. */
export function Announcer() {
  const store = useStore()
  const [said, setSaid] = useState('')
  useEffect(() => {
    const known = new Map<BlockId, RunState>()
    for (const block of store.graph.blocks()) known.set(block.id, store.live(block.id).state)
    const waiting = new Map<string, string>()
    let timer: ReturnType<typeof setTimeout> | undefined
    const speak = () => {
      timer = undefined
      const all = [...waiting.values()]
      waiting.clear()
      if (all.length === 0) return
      setSaid(all.length > 3 ? `${all.slice(0, 3).join('; ')}; and ${all.length - 3} more` : all.join('; '))
      timer = setTimeout(speak, 1000)
    }
    const stop = store.onChange((blocks) => {
      for (const id of blocks) {
        const { state, outputs } = store.live(id)
        const before = known.get(id)
        known.set(id, state)
        if (state === before || (before !== 'running' && before !== 'queued') || !loud.has(state)) continue
        const name = store.graph.block(id)?.name
        const error = outputs.find((output) => output.type === 'error')
        const where = state === 'failed' && error?.line ? `, line ${error.line}` : ''
        if (name !== undefined) waiting.set(id, `${name} ${stateWords[state].toLowerCase()}${where}`)
      }
      timer ??= waiting.size > 0 ? setTimeout(speak, 100) : undefined
    })
    return () => {
      clearTimeout(timer)
      stop()
    }
  }, [store])
  return (
    <div className="hidden-text" role="status" aria-live="polite">
      {said}
    </div>
  )
}
