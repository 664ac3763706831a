import { Check, Copy } from 'lucide-react'
import { useState } from 'react'
import { say } from '../../core/session/page'
import { Button } from '../ui/Button'

/** Puts a text into the clipboard, and shows that it did. */
export function CopyButton({ text, label = 'Copy' }: { text: string; label?: string }) {
  const [copied, setCopied] = useState(false)
  const copy = () =>
    navigator.clipboard.writeText(text).then(
      () => {
        setCopied(true)
        say('Copied.')
      },
      () => say('The browser does not let pages copy: select it, and copy it yourself.'),
    )
  return (
    <Button small onClick={() => void copy()}>
      {copied ? <Check size={13} /> : <Copy size={13} />} {copied ? 'Copied' : label}
    </Button>
  )
}
