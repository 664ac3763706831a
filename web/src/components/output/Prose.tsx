import { memo, useEffect, useMemo, useState } from 'react'
import { hasMath, rendered, type Formula } from './markdown'

/** Markdown of a note or an output. Nobody's HTML gets in: markdown-it and KaTeX write the markup. */
const Prose = memo(function Prose({ text }: { text: string }) {
  const [formula, setFormula] = useState<Formula>()
  const math = hasMath(text)
  useEffect(() => {
    let gone = false
    if (math) void import('./formula').then((module) => !gone && setFormula(() => module.formula))
    return () => {
      gone = true
    }
  }, [math])
  const html = useMemo(() => rendered(text, formula), [text, formula])
  return <div className="prose" dangerouslySetInnerHTML={{ __html: html }} />
})
export default Prose
