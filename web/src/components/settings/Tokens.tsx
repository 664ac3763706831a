import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState, type FormEvent } from 'react'
import { answer, api } from '../../core/api/client'
import { sentenceOf } from '../../core/api/problem'
import { say } from '../../core/session/page'
import { atLeast, type Role } from '../../core/session/role'
import { useSession } from '../../core/session/session'
import { ago } from '../../core/session/time'
import { Button } from '../ui/Button'
import { CopyButton } from './CopyButton'
import { Part } from './Part'

type Scope = readonly [role: Role, words: string]
const scopes: readonly Scope[] = [
  ['viewer', 'read'],
  ['runner', 'read and run'],
  ['editor', 'read, run and edit'],
  ['admin', 'edit, and manage people'],
  ['owner', 'everything'],
]

/** Tokens for programs; a secret is shown once. */
export default function Tokens() {
  const session = useSession()
  if (session.state !== 'in') return null
  const { role } = session.session.user
  return (
    <Part title="API tokens" about="For programs that use the API: Authorization: Bearer TOKEN.">
      <List offered={scopes.filter(([scope]) => atLeast(role, scope))} />
    </Part>
  )
}

function List({ offered }: { offered: readonly Scope[] }) {
  const client = useQueryClient()
  const [made, setMade] = useState<{ name: string; token: string }>()
  const [name, setName] = useState('')
  const [scope, setScope] = useState<Role>('viewer')
  const [days, setDays] = useState(90)
  const settled = {
    onError: (error: Error) => say(sentenceOf(error)),
    onSettled: () => client.invalidateQueries({ queryKey: ['tokens'] }),
  }
  const list = useQuery({ queryKey: ['tokens'], queryFn: () => answer(api.GET('/tokens')) })
  const create = useMutation({
    ...settled,
    mutationFn: () => answer(api.POST('/tokens', { body: { name: name.trim(), scope, days } })),
    onSuccess: (token) => {
      setMade(token)
      setName('')
    },
  })
  const revoke = useMutation({
    ...settled,
    mutationFn: (id: string) => answer(api.DELETE('/tokens/{id}', { params: { path: { id } } })),
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (name.trim() !== '') create.mutate()
  }
  return (
    <>
      {list.error && <p>{sentenceOf(list.error)}</p>}
      {made && (
        <div className="made" role="status">
          <p>
            The token <b>{made.name}</b>. It is shown this once:
          </p>
          <code>{made.token}</code>
          <CopyButton key={made.token} text={made.token} />
        </div>
      )}
      <ul className="rows">
        {list.data?.items.map((token) => (
          <li key={token.id}>
            <span>
              <b>{token.name}</b>
              <small>
                may {scopes.find(([role]) => role === token.scope)?.[1] ?? token.scope},{' '}
                {token.used_ms === null ? 'never used' : `used ${ago(token.used_ms)}`}, until{' '}
                {new Date(token.expires_ms).toLocaleDateString('en', { dateStyle: 'medium' })}
              </small>
            </span>
            <Button small onClick={() => revoke.mutate(token.id)}>
              Revoke
            </Button>
          </li>
        ))}
      </ul>
      <form className="token" onSubmit={submit}>
        <label>
          What is it for?
          <input value={name} maxLength={100} onChange={(event) => setName(event.target.value)} />
        </label>
        <label>
          It may
          <select value={scope} onChange={(event) => setScope(event.target.value as Role)}>
            {offered.map(([role, words]) => (
              <option key={role} value={role}>
                {words}
              </option>
            ))}
          </select>
        </label>
        <label>
          Days
          <input
            type="number"
            min={1}
            max={366}
            value={days}
            onChange={(event) => setDays(event.target.valueAsNumber || 90)}
          />
        </label>
        <Button type="submit" disabled={name.trim() === '' || create.isPending}>
          Make a token
        </Button>
      </form>
    </>
  )
}
