import { Ellipsis, Play, Square } from 'lucide-react'
import type { Block } from '../../model/block'
import { Button } from '../ui/Button'
import { act, askMenu } from './block_menu'
import { useDesk, useLive, useMayNot } from './useStore'

interface Props {
  block: Block
  /** Commands by their ids. */
  menu: readonly string[]
  /** Its controls are in the way of Tab. */
  reached: boolean
  className: string
}
/** Run or stop a block, and what else can be done with it. */
export function BlockActs({ block: { id, name, kind }, menu, reached, className }: Props) {
  const desk = useDesk()
  const { state } = useLive(id)
  const mayRun = useMayNot('runner') === undefined
  const busy = state === 'running' || state === 'queued'
  const tabIndex = reached ? 0 : -1
  const more = `More for ${name}`
  return (
    <span className={className}>
      {kind !== 'markdown' && mayRun && (
        <Button
          look="icon"
          tabIndex={tabIndex}
          aria-label={`${busy ? 'Stop' : 'Run'} ${name}`}
          onClick={() => (busy ? desk.store.cancel() : act(desk, id, 'run.stay'))}
        >
          {busy ? <Square size={11} fill="currentColor" /> : <Play size={13} fill="currentColor" />}
        </Button>
      )}
      <Button
        look="icon"
        tabIndex={tabIndex}
        aria-haspopup="menu"
        aria-label={more}
        onClick={(event) => askMenu(desk, id, more, event.currentTarget, menu)}
      >
        <Ellipsis size={15} />
      </Button>
    </span>
  )
}
