import type { Schemas } from '../../core/api/client'
import { CopyButton } from '../settings/CopyButton'

/** A link to hand over, which nobody sees a second time. */
export function HandedLink({ title, link }: { title: string; link: Schemas['HandedLink'] }) {
  const until = new Date(link.expires_ms).toLocaleString('en', { dateStyle: 'medium', timeStyle: 'short' })
  return (
    <div className="made" role="status">
      <p>
        <b>{title}</b> It is shown this once, works once, and until {until}.
      </p>
      <code>{link.link}</code>
      <CopyButton key={link.link} text={link.link} label="Copy link" />
    </div>
  )
}
