import { commands } from '../../core/command/commands'
import { setPage } from '../../core/session/page'
import { Dialog } from '../ui/Dialog'

/** All keys, from the one command list. */
export default function Keys() {
  return (
    <Dialog open titled label="Keys" onClose={() => setPage({ dialog: undefined })}>
      <div className="keys-place" role="group" aria-label="All keys" tabIndex={0}>
        <dl className="keys">
          {commands
            .filter((command) => command.keys.length > 0)
            .map((command) => (
              <div key={command.id}>
                <dt>{command.title}</dt>
                <dd>
                  <kbd>{command.keys[0]}</kbd>
                </dd>
              </div>
            ))}
        </dl>
      </div>
    </Dialog>
  )
}
