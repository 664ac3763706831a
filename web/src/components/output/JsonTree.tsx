import { useState } from 'react'

const most = 100

/** A JSON value that opens level by level; a level shows a hundred members at a time. */
export default function JsonTree({ value }: { value: unknown }) {
  return (
    <ul className="json nowheel" aria-label="JSON">
      <Member value={value} open />
    </ul>
  )
}

function Member({ name, value, open = false }: { name?: string; value: unknown; open?: boolean }) {
  const [shown, setShown] = useState(open)
  const [count, setCount] = useState(most)
  const key = name === undefined ? null : <b>{name}: </b>
  if (typeof value !== 'object' || value === null)
    return (
      <li>
        {key}
        <span className={`json-${value === null ? 'null' : typeof value}`}>{scalar(value)}</span>
      </li>
    )
  const members = Array.isArray(value)
    ? value.slice(0, shown ? count : 0).map((item, i) => [String(i), item] as const)
    : Object.entries(value).slice(0, shown ? count : 0)
  const size = Array.isArray(value) ? value.length : Object.keys(value).length
  return (
    <li>
      <button aria-expanded={shown} onClick={() => setShown(!shown)}>
        {key}
        <span className="json-size">{Array.isArray(value) ? `[${size}]` : `{${size}}`}</span>
      </button>
      {shown && (
        <ul>
          {members.map(([name, item]) => (
            <Member key={name} name={name} value={item} />
          ))}
          {size > count && (
            <li>
              <button onClick={() => setCount(count + most)}>{size - count} more</button>
            </li>
          )}
        </ul>
      )}
    </li>
  )
}

function scalar(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value)
  return text.length > 400 ? `${text.slice(0, 400)}…` : text
}
