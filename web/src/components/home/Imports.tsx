import { Check, TriangleAlert, X } from 'lucide-react'
import { useImports, type Import } from '../../core/files/imports'
import { canvasPath, navigate } from '../../core/session/route'
import { bytesText } from '../files/content'
import { Button } from '../ui/Button'
import './imports.css'

/** Files that become canvases: how far they are, and what became of them. */
export default function Imports() {
  const imports = useImports((i) => i.all)
  if (imports.length === 0) return null
  return (
    <aside className="imports" aria-label="Imports">
      <ul>
        {imports.map((one) => (
          <One key={one.id} one={one} />
        ))}
      </ul>
    </aside>
  )
}

function One({ one }: { one: Import }) {
  const { file, bytes, sent, waiting, made, problem, end } = one
  const canvas = made?.canvas
  return (
    <li className={problem !== undefined ? 'failed' : ''}>
      <header>
        {made && <Check size={15} />}
        {problem !== undefined && <TriangleAlert size={15} />}
        <b>{canvas?.name ?? file}</b>
        <Button
          look="icon"
          aria-label={made || problem ? 'Put away' : `Stop the import of ${file}`}
          onClick={end}
        >
          <X size={14} />
        </Button>
      </header>
      <div role="status">
        {problem !== undefined ? (
          <p>{problem}</p>
        ) : made ? (
          <p>{canvas ? `Made of ${file}.` : 'It was made, and is gone again.'}</p>
        ) : (
          <p>{waiting ? 'Waits for the server' : `${bytesText(sent)} of ${bytesText(bytes)}`}</p>
        )}
      </div>
      {!made && problem === undefined && (
        <progress aria-label={`Import of ${file}`} max={Math.max(1, bytes)} value={sent} />
      )}
      {made && made.notices.length > 0 && (
        <ul className="notices">
          {made.notices.map((notice, i) => (
            <li key={i}>{notice}</li>
          ))}
        </ul>
      )}
      {canvas && (
        <Button
          small
          onClick={() => {
            end()
            navigate(canvasPath(canvas.id))
          }}
        >
          Open it
        </Button>
      )}
    </li>
  )
}
