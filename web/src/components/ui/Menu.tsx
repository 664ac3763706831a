import { Menu as Base } from '@base-ui/react/menu'
import type { ReactElement } from 'react'
import styles from './Popup.module.css'

export interface MenuItem {
  readonly title: string
  readonly keys?: string
  /** Why it cannot be chosen; undefined if it can. */
  readonly why?: string
  readonly onSelect: () => void
}
export function Menu({ trigger, items }: { trigger: ReactElement; items: readonly MenuItem[] }) {
  return (
    <Base.Root>
      <Base.Trigger render={trigger} />
      <Base.Portal>
        <Base.Positioner className={styles.positioner} sideOffset={4} align="end">
          <Base.Popup className={styles.popup}>
            {items.map((item) => (
              <Base.Item
                key={item.title}
                className={styles.item}
                disabled={item.why !== undefined}
                onClick={item.onSelect}
              >
                <span>{item.title}</span>
                {item.why !== undefined ? <small>{item.why}</small> : item.keys && <kbd>{item.keys}</kbd>}
              </Base.Item>
            ))}
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  )
}
