import type { ReactNode } from 'react'
import { Words } from '../ui/Words'

/** One card of a page of settings; names in `about` stand in backticks. */
export function Part({ title, about, children }: { title: string; about?: string; children: ReactNode }) {
  return (
    <section>
      <h2>{title}</h2>
      {about !== undefined && (
        <p className="about">
          <Words text={about} />
        </p>
      )}
      {children}
    </section>
  )
}
