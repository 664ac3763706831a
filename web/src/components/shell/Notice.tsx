import { useEffect } from 'react'
import { setPage, usePage } from '../../core/session/page'
import { Words } from '../ui/Words'
import './notice.css'

const put = () => setPage({ notice: undefined })

/** What was said last, for a few seconds; longer where something can be done about it. */
export function Notice() {
  const notice = usePage((p) => p.notice)
  useEffect(() => {
    if (!notice) return
    const timer = setTimeout(put, notice.action ? 10_000 : 5000)
    return () => clearTimeout(timer)
  }, [notice])
  const { action } = notice ?? {}
  return (
    <div role="status" className={notice ? 'notice shown' : 'notice'}>
      {notice && <Words text={notice.text} />}
      {action && (
        <button
          onClick={() => {
            put()
            action.run()
          }}
        >
          {action.label}
        </button>
      )}
    </div>
  )
}
