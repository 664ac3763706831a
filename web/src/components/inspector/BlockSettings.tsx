import { useState } from 'react'
import type { Block, Settings } from '../../model/block'
import { attempt } from '../../core/command/edit'
import { rename } from '../../core/command/rename'
import { setPage } from '../../core/session/page'
import { useDesk, useMayNot } from '../canvas/useStore'
import { Button } from '../ui/Button'
import { Field } from '../ui/Field'
import { Parents } from './Parents'

type Name = keyof Settings
const fields: readonly (readonly [Name, string, string, RegExp, string])[] = [
  ['environment', 'Environment', 'default', /^[\w.-]+$/, 'Letters, digits, dots and dashes.'],
  ['cache', 'Cache', 'auto', /^(auto|never|\d+(\.\d+)?\s*[smhd])$/, '`auto`, `never`, or a time such as 1h.'],
  ['cpu', 'CPU', 'as many as there are', /^(\d+(\.\d+)?|\.\d+)$/, 'A number of cores, such as 2 or 0.5.'],
  ['memory', 'Memory', 'no limit', /^\d+(\.\d+)?\s*([kKMGT]i?)?B?$/, 'An amount such as 4GB or 512MB.'],
  ['timeout', 'Timeout', 'no limit', /^\d+(\.\d+)?\s*[smhd]$/, 'A time such as 90s, 15m or 2h.'],
]

/** What canvas.yaml says of a block, and its parents in the order that counts. */
export function BlockSettings({ block }: { block: Block }) {
  const desk = useDesk()
  const [wrong, setWrong] = useState<Partial<Record<Name, string>>>({})
  const set = (name: Name, good: RegExp, advice: string) => (text: string) => {
    const value = text.trim()
    if (value !== '' && !good.test(value)) return setWrong({ ...wrong, [name]: advice })
    const { [name]: before, ...rest } = block.settings
    if (value === String(before ?? '')) return
    const settings = value === '' ? rest : { ...rest, [name]: name === 'cpu' ? Number(value) : value }
    setWrong({ ...wrong, [name]: undefined })
    attempt(desk, { op: 'setSettings', id: block.id, settings })
  }
  const mayNot = useMayNot('editor')
  const note = block.kind === 'markdown'
  const used = [...desk.store.graph.blocks()].flatMap(({ settings }) => settings.environment ?? [])
  const choices: Partial<Record<Name, readonly string[]>> = {
    environment: [...new Set(['default', ...used])],
    cache: ['auto', 'never', '1h', '1d'],
  }
  return (
    <>
      <div className="fields">
        <Field
          label="Name"
          value={block.name}
          fixed={mayNot}
          onCommit={(name) => rename(desk, block.id, name.trim())}
        />
        {!note &&
          fields.map(([name, label, placeholder, good, advice]) => (
            <Field
              key={name}
              label={label}
              value={String(block.settings[name] ?? '')}
              placeholder={placeholder}
              {...(choices[name] && { choices: choices[name] })}
              fixed={mayNot}
              {...(wrong[name] !== undefined && { error: wrong[name] })}
              onCommit={set(name, good, advice)}
            />
          ))}
      </div>
      {!note && <Parents block={block} />}
      {!note && (
        <p className="open-log">
          <Button small onClick={() => setPage({ drawer: true, tab: 'log' })}>
            Open the log
          </Button>
        </p>
      )}
    </>
  )
}
