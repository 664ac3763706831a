import { Tabs as Base } from '@base-ui/react/tabs'
import type { ReactNode } from 'react'
import styles from './Tabs.module.css'

interface Props {
  tabs: readonly (readonly [title: string, content: ReactNode])[]
  /** Who remembers which one is shown; without, it is the first at each time. */
  shown?: string
  onShow?: (title: string) => void
}
export function Tabs({ tabs, shown, onShow }: Props) {
  const first = tabs[0]![0]
  const choice =
    shown === undefined
      ? { defaultValue: first }
      : {
          value: tabs.some(([title]) => title === shown) ? shown : first,
          onValueChange: (title: unknown) => onShow?.(String(title)),
        }
  return (
    <Base.Root {...choice} className={styles.root}>
      <Base.List className={styles.list}>
        {tabs.map(([title]) => (
          <Base.Tab key={title} value={title} className={styles.tab}>
            {title}
          </Base.Tab>
        ))}
      </Base.List>
      {tabs.map(([title, content]) => (
        <Base.Panel key={title} value={title} className={styles.panel}>
          {content}
        </Base.Panel>
      ))}
    </Base.Root>
  )
}
