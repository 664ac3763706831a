import {
  AlignHorizontalDistributeCenter,
  AlignStartHorizontal,
  AlignStartVertical,
  AlignVerticalDistributeCenter,
  LayoutGrid,
} from 'lucide-react'
import { commandNamed } from '../../core/command/commands'
import { usePage } from '../../core/session/page'
import { useDesk, useMayNot } from '../canvas/useStore'
import { Button } from '../ui/Button'

const acts = [
  ['align.left', AlignStartVertical],
  ['align.top', AlignStartHorizontal],
  ['align.across', AlignHorizontalDistributeCenter],
  ['align.down', AlignVerticalDistributeCenter],
  ['tidy', LayoutGrid],
] as const

/** What can be done with several blocks. */
export function SelectionBar() {
  const desk = useDesk()
  const count = usePage((p) => p.selection.ids.size)
  const mayEdit = useMayNot('editor') === undefined
  if (count < 2 || !mayEdit) return null
  return (
    <>
      <span className="rule" />
      <span className="count">{count} selected</span>
      {acts.map(([id, Icon]) => {
        const { title, keys, run } = commandNamed(id)
        return (
          <Button
            key={id}
            look="icon"
            aria-label={title}
            data-tip={keys[0] ? `${title} (${keys[0]})` : title}
            onClick={() => run(desk)}
          >
            <Icon size={15} strokeWidth={1.7} />
          </Button>
        )
      })}
    </>
  )
}
