import type { PlanStep, RunRequest } from '../../model/plan'
import { sentenceOf } from '../api/problem'
import type { CanvasStore } from '../canvas/store'
import { page, setPage, type ShownPlan } from '../session/page'

/** Show what a run would do: the page's guess at once, then the server's word. */
export function showPlan(store: CanvasStore, request: RunRequest): void {
  setPage({ plan: shown(store, request, store.plan(request), false) })
  store.askPlan(request).then(
    (steps) => {
      if (page().plan?.request === request) setPage({ plan: shown(store, request, steps, true) })
    },
    (error: unknown) => {
      const { plan } = page()
      if (plan?.request === request) setPage({ plan: { ...plan, problem: sentenceOf(error) } })
    },
  )
}

function shown(
  store: CanvasStore,
  request: RunRequest,
  steps: readonly PlanStep[],
  sure: boolean,
): ShownPlan {
  const runs = new Set(
    steps.filter(({ action }) => action === 'run' || action === 'maybe').map(({ block }) => block),
  )
  const rests = [...store.graph.blocks()].map(({ id }) => id).filter((id) => !runs.has(id))
  return { request, steps, sure, rests }
}
