import MarkdownIt from 'markdown-it'
import { memo, useMemo } from 'react'

// No HTML from the note: markdown-it writes the markup, and refuses javascript: links itself.
const markdown = new MarkdownIt({ html: false, linkify: false, typographer: false })

const Prose = memo(function Prose({ text }: { text: string }) {
  const html = useMemo(() => markdown.render(text || '*An empty note. Enter edits it.*'), [text])
  return <div className="prose" dangerouslySetInnerHTML={{ __html: html }} />
})
export default Prose
