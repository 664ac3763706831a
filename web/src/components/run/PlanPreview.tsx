import { X } from 'lucide-react'
import { select } from '../../model/selection'
import { selectBlocks, setPage, type ShownPlan } from '../../core/session/page'
import { useDesk, useMayNot } from '../canvas/useStore'
import { Button } from '../ui/Button'
import { Words } from '../ui/Words'
import './plan.css'

const close = () => setPage({ plan: undefined })

/** What a run would do, and why, before it does it. The stage dims the rest meanwhile. */
export default function PlanPreview({ plan }: { plan: ShownPlan }) {
  const { store, camera } = useDesk()
  const mayNot = useMayNot('runner')
  const runs = plan.steps.filter((step) => step.action === 'run')
  const maybe = plan.steps.filter((step) => step.action === 'maybe')
  const restored = plan.steps.filter((step) => step.action === 'restore').length
  const reused = plan.steps.filter((step) => step.action === 'up_to_date').length
  const some = runs.length + maybe.length > 0
  const row = (id: string, reason: string, sure: boolean) => (
    <li key={id}>
      <button
        onClick={() => {
          selectBlocks(select([id]))
          camera.show(id)
        }}
      >
        <b className={sure ? '' : 'maybe'}>{store.graph.block(id)?.name ?? id}</b>
        <span>
          <Words text={reason} />
        </span>
      </button>
    </li>
  )
  return (
    <section className="plan" aria-label="Run plan">
      <header>
        <h2>{heading(runs.length, maybe.length)}</h2>
        <Button look="icon" aria-label="Close plan" onClick={close}>
          <X size={14} />
        </Button>
      </header>
      {plan.problem !== undefined && (
        <p className="problem">
          <Words text={plan.problem} />
        </p>
      )}
      <ul>
        {runs.slice(0, 50).map((step) => row(step.block, step.reason, true))}
        {maybe.slice(0, 50).map((step) => row(step.block, step.reason, false))}
      </ul>
      <footer>
        <span role="status">
          {[restored > 0 && `${restored} restored`, `${reused} reused`, !plan.sure && 'asking the server…']
            .filter(Boolean)
            .join('; ')}
        </span>
        <Button look="ghost" small onClick={close}>
          Cancel
        </Button>
        <Button
          look="primary"
          small
          disabled={!!mayNot}
          title={mayNot}
          onClick={() => {
            close()
            store.run(some ? plan.request : { ...plan.request, force: true })
          }}
        >
          {some ? 'Run' : 'Run anyway'}
        </Button>
      </footer>
    </section>
  )
}

function heading(runs: number, maybe: number): string {
  const blocks = (n: number) => `${n} ${n === 1 ? 'block' : 'blocks'}`
  if (runs + maybe === 0) return 'Nothing has to run'
  if (maybe === 0) return `${blocks(runs)} will run`
  return runs === 0 ? `${blocks(maybe)} may run` : `${blocks(runs)} will run, ${maybe} may`
}
