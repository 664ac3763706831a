import { Dialog as Base } from '@base-ui/react/dialog'
import type { ReactNode } from 'react'
import styles from './Popup.module.css'

interface Props {
  open: boolean
  onClose: () => void
  label: string
  titled?: boolean
  /** As large as the window. */
  full?: boolean
  children: ReactNode
}
export function Dialog({ open, onClose, label, titled, full, children }: Props) {
  return (
    <Base.Root open={open} onOpenChange={(next) => !next && onClose()}>
      <Base.Portal>
        <Base.Backdrop className={styles.backdrop} />
        <Base.Popup className={`${styles.dialog} ${full ? styles.full : ''}`} aria-label={label}>
          {titled && <Base.Title className={styles.title}>{label}</Base.Title>}
          {children}
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  )
}
