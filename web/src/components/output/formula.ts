import katex from 'katex'
import 'katex/dist/katex.min.css'
import type { Formula } from './markdown'

/** A formula as KaTeX writes it; no links or styles of the formula's own, and no more expansion than a page can draw. */
export const formula: Formula = (tex, block) =>
  katex.renderToString(tex, {
    displayMode: block,
    throwOnError: false,
    trust: false,
    strict: 'ignore',
    maxSize: 20,
    maxExpand: 200,
    output: 'htmlAndMathml',
  })
