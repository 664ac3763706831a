import { Upload } from 'lucide-react'
import { addBlock } from '../../core/command/edit'
import { addable, kindWords } from '../../core/command/kinds'
import { readFiles } from '../../core/command/read_files'
import { useFilePicker } from '../files/useFilePicker'
import { Button } from '../ui/Button'
import { useDesk } from './useStore'
import './empty_stage.css'

/** A canvas without blocks: what one can begin with. */
export default function EmptyStage() {
  const desk = useDesk()
  const { picker, pick } = useFilePicker({
    label: 'Data files',
    take: (files) => readFiles(desk, files, desk.camera.middle()),
  })
  return (
    <section className="empty-stage" aria-label="Empty canvas">
      <h2>Begin with a block</h2>
      <p>
        A block is a piece of Python. Join blocks, and each one has the variables of those before it; what
        they leave behind stays.
      </p>
      <p className="acts">
        {addable.map(([kind, key]) => (
          <Button
            key={kind}
            look={kind === 'python' ? 'primary' : 'plain'}
            onClick={() => addBlock(desk, kind)}
          >
            {kindWords[kind]} <kbd title={`The key ${key}`}>{key}</kbd>
          </Button>
        ))}
        <Button onClick={pick}>
          <Upload size={14} /> Data file
        </Button>
      </p>
      <p className="drop">
        Or drop a file anywhere here: it becomes part of the canvas, and a block reads it.
      </p>
      {picker}
    </section>
  )
}
