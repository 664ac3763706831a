import { CloudOff, TriangleAlert } from 'lucide-react'
import { useCallback, useEffect, useState, useSyncExternalStore } from 'react'
import { useStore } from '../canvas/useStore'

type State = 'saved' | 'saving' | 'lost'

/** Whether what was done here is with the server: quiet while it is, calm while it cannot be. */
export function Saved() {
  const store = useStore()
  const listen = useCallback((tell: () => void) => store.onChange(tell), [store])
  const state = useSyncExternalStore(listen, (): State => {
    if (store.connection === 'lost') return 'lost'
    return store.unsent > 0 ? 'saving' : 'saved'
  })
  const shown = useCalm(state)
  const problem = useSyncExternalStore(listen, () => store.problem)
  useEffect(() => {
    const ask = (event: BeforeUnloadEvent) => {
      if (store.unsent > 0) event.preventDefault()
    }
    addEventListener('beforeunload', ask)
    return () => removeEventListener('beforeunload', ask)
  }, [store])
  if (problem !== undefined)
    return (
      <div role="status" className="saved lost problem" title={problem}>
        <TriangleAlert size={14} />
        <span>{problem}</span>
      </div>
    )
  return (
    <div role="status" className={`saved ${shown}`}>
      {shown === 'lost' ? (
        <>
          <CloudOff size={14} />
          <span>
            Offline<i>: your changes are kept and sent when the server is back</i>
          </span>
        </>
      ) : (
        <span>{shown === 'saved' ? 'Saved' : 'Saving…'}</span>
      )}
    </div>
  )
}

/** A state that lasts: what is over in half a second was nothing to speak of. */
function useCalm(state: State): State {
  const [shown, setShown] = useState<State>('saved')
  useEffect(() => {
    const timer = setTimeout(() => setShown(state), state === 'saved' ? 0 : 600)
    return () => clearTimeout(timer)
  }, [state])
  return shown
}
