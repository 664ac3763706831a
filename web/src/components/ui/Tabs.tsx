import { Tabs as Base } from '@base-ui/react/tabs'
import type { ReactNode } from 'react'
import styles from './Tabs.module.css'

export function Tabs({ tabs }: { tabs: readonly (readonly [title: string, content: ReactNode])[] }) {
  return (
    <Base.Root defaultValue={tabs[0]![0]} className={styles.root}>
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
