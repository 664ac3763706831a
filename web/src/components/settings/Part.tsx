import type { ReactNode } from 'react'

/** One card of a page of settings. */
export function Part({ title, about, children }: { title: string; about?: string; children: ReactNode }) {
  return (
    <section>
      <h2>{title}</h2>
      {about !== undefined && <p className="about">{about}</p>}
      {children}
    </section>
  )
}
