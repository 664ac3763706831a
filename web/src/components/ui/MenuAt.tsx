import { Menu as Base } from '@base-ui/react/menu'
import type { MenuItem } from './Menu'
import { MenuItems } from './MenuItems'

interface Props {
  label: string
  from: Element
  items: readonly MenuItem[]
  onClose: () => void
}
/** A menu beside the element that asked for it; loaded when the first one is asked for. */
export default function MenuAt({ onClose, ...rest }: Props) {
  return (
    <Base.Root open onOpenChange={(open) => !open && onClose()}>
      <MenuItems {...rest} />
    </Base.Root>
  )
}
