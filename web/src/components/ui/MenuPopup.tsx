import { Menu as Base } from '@base-ui/react/menu'
import type { ReactElement } from 'react'
import type { MenuItem } from './Menu'
import { MenuItems } from './MenuItems'

/** An open menu with its trigger. */
export default function MenuPopup({ trigger, items }: { trigger: ReactElement; items: readonly MenuItem[] }) {
  return (
    <Base.Root defaultOpen>
      <Base.Trigger render={trigger} />
      <MenuItems items={items} />
    </Base.Root>
  )
}
