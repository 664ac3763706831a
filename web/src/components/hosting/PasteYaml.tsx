import { useState, type DragEvent } from 'react'
import { answer, api, type Schemas } from '../../core/api/client'
import { sentenceOf } from '../../core/api/problem'
import { Button } from '../ui/Button'
import { Words } from '../ui/Words'

interface Props {
  onRead: (settings: Schemas['SelfHostingSettings'], fields: Schemas['FieldProblem'][]) => void
}
/** Takes what `easel gcp apply` printed, pasted or as a file. */
export function PasteYaml({ onRead }: Props) {
  const [yaml, setYaml] = useState('')
  const [problem, setProblem] = useState<string>()
  const [over, setOver] = useState(false)
  const read = (text: string) => {
    setYaml(text)
    setProblem(undefined)
    answer(api.POST('/self-hosting/yaml', { body: { yaml: text } })).then(
      ({ settings, fields }) => {
        setYaml('')
        onRead(settings, fields)
      },
      (error: unknown) => setProblem(sentenceOf(error)),
    )
  }
  const drop = (event: DragEvent) => {
    event.preventDefault()
    setOver(false)
    const [file] = event.dataTransfer.files
    if (file) file.text().then(read, (error: unknown) => setProblem(sentenceOf(error)))
    else if (event.dataTransfer.getData('text')) read(event.dataTransfer.getData('text'))
  }
  return (
    <div className="paste">
      <textarea
        aria-label="What easel gcp apply printed"
        className={over ? 'over' : undefined}
        rows={yaml ? 8 : 2}
        value={yaml}
        spellCheck={false}
        placeholder="Paste what easel gcp apply printed at its end, or drop it here as a file."
        onChange={(event) => setYaml(event.target.value)}
        onDragOver={(event) => {
          event.preventDefault()
          setOver(true)
        }}
        onDragLeave={() => setOver(false)}
        onDrop={drop}
      />
      <Button disabled={yaml.trim() === ''} onClick={() => read(yaml)}>
        Fill in
      </Button>
      {problem !== undefined && (
        <p role="alert">
          <Words text={problem} />
        </p>
      )}
    </div>
  )
}
