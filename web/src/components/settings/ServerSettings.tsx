import { useQuery } from '@tanstack/react-query'
import { answer, api, type Schemas } from '../../core/api/client'
import { sentenceOf } from '../../core/api/problem'
import { Words } from '../ui/Words'
import { Part } from './Part'
import './server.css'

/** How the server is set, and where each value comes from. It is changed on its machine. */
export default function ServerSettings() {
  const list = useQuery({ queryKey: ['settings'], queryFn: () => answer(api.GET('/settings')) })
  return (
    <Part
      title="Server"
      about="As it was started. To change one, write it into .easel/settings.yaml of the workspace, set its variable or give its flag, and start the server again."
    >
      {list.error && <p role="alert">{sentenceOf(list.error)}</p>}
      <ul className="server">
        {list.data?.items.map((setting) => (
          <One key={setting.name} setting={setting} />
        ))}
      </ul>
    </Part>
  )
}

function One({ setting }: { setting: Schemas['Setting'] }) {
  const { name, value, unit, from, variable, doc } = setting
  const words = inWords(value)
  return (
    <li>
      <h3>{name}</h3>
      <p className="value">
        {words === '' ? <i>empty</i> : <b>{words}</b>} {words !== '' && unit !== name && unit}
      </p>
      <p className="doc">
        <Words text={doc} />
      </p>
      <p className={from === 'default' ? 'from' : 'from set'}>
        {from === 'default' ? 'default' : `set by ${from}`}
      </p>
      <p className="place">
        {variable}
        {from !== 'default' && setting.default !== '' && `, default ${setting.default}`}
      </p>
    </li>
  )
}

function inWords(value: Schemas['Setting']['value']): string {
  if (Array.isArray(value)) return value.join(', ')
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  return String(value)
}
