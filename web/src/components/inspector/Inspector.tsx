import { lazy, Suspense } from 'react'
import { X } from 'lucide-react'
import type { Block } from '../../model/block'
import { duration } from '../../core/run/duration'
import { plainReason, secondsOf } from '../../core/run/live'
import { setPage, usePage } from '../../core/session/page'
import { phaseWords, StateMark } from '../canvas/state_look'
import { useBlock, useDesk, useDoubt, useLive } from '../canvas/useStore'
import { Button } from '../ui/Button'
import { Words } from '../ui/Words'
import { Tabs } from '../ui/Tabs'
import { BlockSettings } from './BlockSettings'
import { Variables } from './Variables'
import './inspector.css'

const History = lazy(() => import('../history/History'))

/** What there is to know and set about the selected block. */
export function Inspector() {
  const selection = usePage((p) => p.selection)
  const block = useBlock(selection.focus ?? '')
  return (
    <aside className="inspector" aria-label="Inspector">
      <Button
        look="icon"
        className="close"
        aria-label="Close inspector"
        onClick={() => setPage({ inspector: false })}
      >
        <X size={14} />
      </Button>
      {block && selection.ids.size === 1 ? (
        <Of key={block.id} block={block} />
      ) : (
        <p className="nothing">
          {selection.ids.size > 1
            ? `${selection.ids.size} blocks are selected.`
            : 'Select a block to see its variables, settings and history.'}
        </p>
      )}
    </aside>
  )
}

function Of({ block }: { block: Block }) {
  const { store } = useDesk()
  const live = useLive(block.id)
  const tab = usePage((p) => p.inspectorTab)
  const doubt = useDoubt(block.id)
  const seconds = secondsOf(live)
  return (
    <>
      <h2>{block.name}</h2>
      <p className="line">
        <StateMark state={doubt ? 'may_change' : live.state} />
        <span>
          {live.state === 'up_to_date'
            ? seconds !== undefined && `ran ${duration(seconds)}`
            : live.state === 'running'
              ? phaseWords(live.phase)
              : live.state !== 'never_run' && <Words text={plainReason(live)} />}
        </span>
      </p>
      <Tabs
        shown={tab}
        onShow={(inspectorTab) => setPage({ inspectorTab })}
        tabs={[
          ['Variables', <Variables key="v" block={block} variables={store.variables(block.id)} />],
          ['Block', <BlockSettings key="b" block={block} />],
          [
            'History',
            <Suspense key="h">
              <History block={block} />
            </Suspense>,
          ],
        ]}
      />
    </>
  )
}
