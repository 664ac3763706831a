import { useStore as useFlow } from '@xyflow/react'
import { Maximize, Minus, Plus } from 'lucide-react'
import type { Kind } from '../../model/block'
import { commandNamed } from '../../core/command/commands'
import { addBlock } from '../../core/command/edit'
import { useDesk } from '../canvas/useStore'
import { Button } from '../ui/Button'
import { Tooltip } from '../ui/Tooltip'

const adds: readonly (readonly [Kind, string, string, string])[] = [
  ['python', 'Py', 'Python', '1'],
  ['sql', 'SQL', 'SQL', '2'],
  ['r', 'R', 'R', '3'],
  ['markdown', 'Md', 'Note', '4'],
]

/** The toolbars that float above the stage. */
export function StageBars() {
  const desk = useDesk()
  const percent = useFlow((s) => Math.round(s.transform[2] * 100))
  return (
    <>
      <div className="bar tools" role="toolbar" aria-label="Add blocks">
        {adds.map(([kind, chip, word, key]) => (
          <Tooltip key={kind} text={`Add ${word} (${key})`}>
            <Button look="ghost" aria-label={`Add ${word}`} onClick={() => addBlock(desk, kind)}>
              <span className={`kind ${kind}`}>{chip}</span>
              <span className="word">{word}</span>
            </Button>
          </Tooltip>
        ))}
      </div>
      <div className="bar zoom" role="toolbar" aria-label="Zoom">
        <Button look="icon" aria-label="Zoom out" onClick={() => desk.camera.zoomBy(0.8)}>
          <Minus size={14} />
        </Button>
        <span>{percent} %</span>
        <Button look="icon" aria-label="Zoom in" onClick={() => desk.camera.zoomBy(1.25)}>
          <Plus size={14} />
        </Button>
        <Button look="icon" aria-label="Fit canvas" onClick={() => commandNamed('fit').run(desk)}>
          <Maximize size={14} />
        </Button>
      </div>
    </>
  )
}
