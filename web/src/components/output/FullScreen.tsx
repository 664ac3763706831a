import { Download, X } from 'lucide-react'
import { setPage, usePage } from '../../core/session/page'
import { StateMark } from '../canvas/state_look'
import { useBlock, useDoubt, useLive } from '../canvas/useStore'
import { Button } from '../ui/Button'
import { Dialog } from '../ui/Dialog'
import { One } from './Outputs'
import { save } from './save_file'
import './full.css'

const most = 200
const close = () => setPage({ dialog: undefined })

/** All that a block shows, as large as the window. */
export default function FullScreen() {
  const id = usePage((p) => p.selection.focus) ?? ''
  const block = useBlock(id)
  const live = useLive(id)
  const doubt = useDoubt(id)
  if (!block) return null
  const { outputs, kept } = live
  const sections = [
    { title: undefined, list: outputs.slice(-most) },
    { title: 'The last good result', list: live.state === 'up_to_date' ? [] : (kept ?? []).slice(-most) },
  ]
  return (
    <Dialog open full label={`Outputs of ${block.name}`} onClose={close}>
      <header className="full-head">
        <h2>{block.name}</h2>
        <StateMark state={doubt ? 'may_change' : live.state} />
        <kbd>Esc</kbd>
        <Button look="icon" aria-label="Close full screen" onClick={close}>
          <X size={16} />
        </Button>
      </header>
      <div className="outputs full-body">
        {sections.map(
          ({ title, list }) =>
            list.length > 0 && (
              <section key={title ?? ''}>
                {title && <h3>{title}</h3>}
                {list.map((output, i) => (
                  <div className="output" key={i}>
                    <Button
                      look="icon"
                      className="save"
                      aria-label={`Save output ${i + 1}`}
                      onClick={() => save(output, block.name)}
                    >
                      <Download size={15} />
                    </Button>
                    <One output={output} block={block.id} big />
                  </div>
                ))}
              </section>
            ),
        )}
      </div>
    </Dialog>
  )
}
