import { useState } from 'react'
import { answer, api, type Schemas } from '../../core/api/client'
import { sentenceOf } from '../../core/api/problem'
import { canvasPath } from '../../core/session/route'
import { clock } from '../../core/session/time'
import { useCanvases } from '../home/canvases'
import { usePages } from '../history/usePages'
import { Part } from '../settings/Part'
import { Button } from '../ui/Button'
import { deed, deedGroups } from './deeds'
import { useMembers } from './queries'
import './team.css'
import './audit.css'

type Entry = Schemas['AuditEntry']
interface Filters {
  readonly person: string
  readonly canvas: string
  readonly action: string
}
const none: Filters = { person: '', canvas: '', action: '' }

/** Who did what, newest first. */
export default function AuditLog() {
  const [filters, setFilters] = useState(none)
  const { person, canvas, action } = filters
  const list = usePages(['audit', filters], (cursor) =>
    answer(
      api.GET('/audit', {
        params: {
          query: {
            limit: 50,
            ...(person !== '' && { person }),
            ...(canvas !== '' && { canvas }),
            ...(action !== '' && { action }),
            ...(cursor !== undefined && { cursor }),
          },
        },
      }),
    ),
  )
  const members = useMembers()
  const canvases = useCanvases()
  const filtered = person !== '' || canvas !== '' || action !== ''
  return (
    <Part title="Audit log" about="Who did what, newest first. Times are of this browser.">
      <div className="filters">
        <Filter
          label="Who"
          every="Everybody"
          value={person}
          options={(members.data ?? []).map(({ id, name }) => [id, name])}
          onChange={(value) => setFilters({ ...filters, person: value })}
        />
        <Filter
          label="Where"
          every="Everywhere"
          value={canvas}
          options={(canvases.data ?? []).map(({ id, name }) => [id, name])}
          onChange={(value) => setFilters({ ...filters, canvas: value })}
        />
        <Filter
          label="What"
          every="Everything"
          value={action}
          options={deedGroups}
          onChange={(value) => setFilters({ ...filters, action: value })}
        />
        {filtered && (
          <Button look="ghost" onClick={() => setFilters(none)}>
            Show all
          </Button>
        )}
      </div>
      {list.error && <p role="alert">{sentenceOf(list.error)}</p>}
      {list.items?.length === 0 && (
        <p className="about alone">{filtered ? 'Nothing of the kind.' : 'Nothing yet.'}</p>
      )}
      {list.items && list.items.length > 0 && (
        <div className="audit" role="region" aria-label="Entries" tabIndex={0}>
          <table>
            <thead>
              <tr>
                <th scope="col">When</th>
                <th scope="col">Who</th>
                <th scope="col">What</th>
                <th scope="col">From</th>
              </tr>
            </thead>
            <tbody>
              {list.items.map((entry) => (
                <Row key={entry.id} entry={entry} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {list.more && <Button onClick={list.more}>Older entries</Button>}
    </Part>
  )
}

function Row({ entry }: { entry: Entry }) {
  const { at_ms, person, canvas, token, address, action } = entry
  const { words, more } = deed(entry)
  return (
    <tr>
      <td>
        <time dateTime={new Date(at_ms).toISOString()}>{clock(at_ms)}</time>
      </td>
      <td>{person ? person.name : <i>nobody signed in</i>}</td>
      <td title={action}>
        {words}
        {canvas !== null && (
          <>
            {' '}
            in <a href={canvasPath(canvas)}>{canvas}</a>
          </>
        )}
        {more !== '' && <small>{more}</small>}
      </td>
      <td>
        {address}
        {token !== undefined && <small>by an API token</small>}
      </td>
    </tr>
  )
}

interface FilterProps {
  label: string
  every: string
  value: string
  options: readonly (readonly [value: string, words: string])[]
  onChange: (value: string) => void
}
function Filter({ label, every, value, options, onChange }: FilterProps) {
  return (
    <label>
      {label}
      <select value={value} onChange={(event) => onChange(event.target.value)}>
        <option value="">{every}</option>
        {options.map(([option, words]) => (
          <option key={option} value={option}>
            {words}
          </option>
        ))}
      </select>
    </label>
  )
}
