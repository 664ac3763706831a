import { useMutation, useQueryClient } from '@tanstack/react-query'
import { answer, api } from '../../core/api/client'
import { sentenceOf } from '../../core/api/problem'
import { say } from '../../core/session/page'
import { Button } from '../ui/Button'
import { Dialog } from '../ui/Dialog'
import type { Member } from './queries'

/** Asks before a member is removed: it cannot be undone, only begun anew by an invitation. */
export function Removal({ member, self, onClose }: { member: Member; self: boolean; onClose: () => void }) {
  const client = useQueryClient()
  const remove = useMutation({
    mutationFn: () => answer(api.DELETE('/members/{member}', { params: { path: { member: member.id } } })),
    onSuccess: () => say(`${member.name} is no member any more.`),
    onError: (error) => say(sentenceOf(error)),
    onSettled: () => {
      onClose()
      return client.invalidateQueries({ queryKey: ['members'] })
    },
  })
  const who = self ? 'yourself' : member.name
  return (
    <Dialog open titled label={`Remove ${who}?`} onClose={onClose}>
      <div className="naming">
        <p>
          {self ? 'You are' : `${member.name} is`} signed out everywhere at once, and API tokens of{' '}
          {self ? 'yours' : 'theirs'} are worth nothing any more. Canvases, edits and the audit log stay.
          Coming back takes a new invitation.
        </p>
        <p className="acts">
          <Button onClick={onClose}>Cancel</Button>
          <Button look="primary" disabled={remove.isPending} onClick={() => remove.mutate()}>
            Remove
          </Button>
        </p>
      </div>
    </Dialog>
  )
}
