import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { answer, api } from '../../core/api/client'
import { sentenceOf } from '../../core/api/problem'
import { say } from '../../core/session/page'
import { ago } from '../../core/session/time'
import { Button } from '../ui/Button'
import { Part } from './Part'

/** Where one is signed in. */
export default function Sessions() {
  return (
    <Part title="Sessions" about="Where you are signed in. One that you end is signed out at once.">
      <List />
    </Part>
  )
}

function List() {
  const client = useQueryClient()
  const list = useQuery({ queryKey: ['sessions'], queryFn: () => answer(api.GET('/sessions')) })
  const end = useMutation({
    mutationFn: (id: string) => answer(api.DELETE('/sessions/{id}', { params: { path: { id } } })),
    onError: (error) => say(sentenceOf(error)),
    onSettled: () => client.invalidateQueries({ queryKey: ['sessions'] }),
  })
  if (list.error) return <p>{sentenceOf(list.error)}</p>
  return (
    <ul className="rows">
      {list.data?.items.map(({ id, agent, current, created_ms, used_ms }) => (
        <li key={id}>
          <span>
            <b>{browserOf(agent)}</b>
            <small>
              signed in {ago(created_ms)}
              {used_ms !== null && `, used ${ago(used_ms)}`}
            </small>
          </span>
          {current ? (
            <em>This browser</em>
          ) : (
            <Button small onClick={() => end.mutate(id)}>
              End
            </Button>
          )}
        </li>
      ))}
    </ul>
  )
}

/** `Firefox on Linux`, as far as a User-Agent tells. */
function browserOf(agent: string): string {
  const browser = ['Firefox', 'Edg', 'OPR', 'Chrome', 'Safari'].find((word) => agent.includes(`${word}/`))
  const system = (
    [
      ['Windows', 'Windows'],
      ['Android', 'Android'],
      ['iPhone', 'iPhone'],
      ['Mac OS X', 'macOS'],
      ['Linux', 'Linux'],
    ] as const
  ).find(([word]) => agent.includes(word))?.[1]
  const name = browser && ({ Edg: 'Edge', OPR: 'Opera' }[browser] ?? browser)
  if (!name) return agent.slice(0, 60) || 'A browser'
  return system ? `${name} on ${system}` : name
}
