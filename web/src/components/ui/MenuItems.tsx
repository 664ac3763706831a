import { Menu as Base } from '@base-ui/react/menu'
import type { MenuItem } from './Menu'
import styles from './Popup.module.css'

interface Props {
  items: readonly MenuItem[]
  label?: string
  /** Beside what it stands, and what gets the focus back; absent: the menu's trigger. */
  from?: Element
}
/** The open part of a menu. */
export function MenuItems({ items, label, from }: Props) {
  return (
    <Base.Portal>
      <Base.Positioner
        className={styles.positioner}
        sideOffset={4}
        align="end"
        {...(from && { anchor: from })}
      >
        <Base.Popup
          className={styles.popup}
          aria-label={label}
          {...(from && { finalFocus: () => from as HTMLElement })}
        >
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
  )
}
