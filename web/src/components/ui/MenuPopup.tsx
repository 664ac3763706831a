import { Menu as Base } from '@base-ui/react/menu'
import type { ReactElement } from 'react'
import type { MenuItem } from './Menu'
import styles from './Popup.module.css'

/** An open menu with its trigger. */
export default function MenuPopup({ trigger, items }: { trigger: ReactElement; items: readonly MenuItem[] }) {
  return (
    <Base.Root defaultOpen>
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
