import { Menu as Base } from '@base-ui/react/menu'
import type { MenuItem } from './Menu'
import styles from './Popup.module.css'

interface Props {
  label: string
  from: Element
  items: readonly MenuItem[]
  onClose: () => void
}
/** A menu beside the element that asked for it; loaded when the first one is asked for. */
export default function MenuAt({ label, from, items, onClose }: Props) {
  return (
    <Base.Root open onOpenChange={(open) => !open && onClose()}>
      <Base.Portal>
        <Base.Positioner className={styles.positioner} anchor={from} sideOffset={4} align="end">
          <Base.Popup className={styles.popup} aria-label={label} finalFocus={() => from as HTMLElement}>
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
