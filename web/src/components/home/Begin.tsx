import { FileInput, Sparkles, SquarePlus } from 'lucide-react'
import type { ReactNode } from 'react'

interface Props {
  onNew: () => void
  onExample: () => void
  onImport: () => void
}
/** The ways to a new canvas. */
export function Begin({ onNew, onExample, onImport }: Props) {
  return (
    <section className="begin" aria-label="Begin another">
      <h2>Begin another</h2>
      <ul>
        <Way icon={<SquarePlus size={20} />} title="Empty canvas" onSelect={onNew}>
          Your own blocks, on your own files
        </Way>
        <Way icon={<Sparkles size={20} />} title="Example" onSelect={onExample}>
          Two blocks that you can run, change and extend
        </Way>
        <Way icon={<FileInput size={20} />} title="Notebook or .zip" onSelect={onImport}>
          A Jupyter notebook, or a canvas from elsewhere; drop it anywhere here
        </Way>
      </ul>
    </section>
  )
}

function Way({
  icon,
  title,
  onSelect,
  children,
}: {
  icon: ReactNode
  title: string
  onSelect: () => void
  children: string
}) {
  return (
    <li>
      <button onClick={onSelect}>
        {icon}
        <b>{title}</b>
        <span>{children}</span>
      </button>
    </li>
  )
}
