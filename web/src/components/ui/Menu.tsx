import { cloneElement, lazy, Suspense, useState, type ReactElement } from 'react'

const load = () => import('./MenuPopup')
const MenuPopup = lazy(load)

export interface MenuItem {
  readonly title: string
  readonly keys?: string
  /** Why it cannot be chosen; undefined if it can. */
  readonly why?: string
  readonly onSelect: () => void
}
interface Trigger {
  onClick?: () => void
  onPointerEnter?: () => void
  'aria-haspopup'?: 'menu'
}

/** A menu is a button until it is wanted: a page has many, and shows few. */
export function Menu({ trigger, items }: { trigger: ReactElement<Trigger>; items: readonly MenuItem[] }) {
  const [wanted, setWanted] = useState(false)
  const asks = { onClick: () => setWanted(true), onPointerEnter: () => void load() }
  const button = cloneElement(trigger, { ...asks, 'aria-haspopup': 'menu' })
  if (!wanted) return button
  return (
    <Suspense fallback={button}>
      <MenuPopup trigger={trigger} items={items} />
    </Suspense>
  )
}
