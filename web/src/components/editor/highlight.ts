import { StreamLanguage } from '@codemirror/language'
import { sql } from '@codemirror/lang-sql'
import { r } from '@codemirror/legacy-modes/mode/r'
import { classHighlighter, highlightCode } from '@lezer/highlight'
import { parser as python } from '@lezer/python'
import type { Kind } from '../../model/block'

export interface Token {
  readonly text: string
  readonly className: string
}
const parsers = { python, sql: sql().language.parser, r: StreamLanguage.define(r).parser }
const cache = new Map<string, readonly (readonly Token[])[]>()

/** The tokens of each line, in the editor's own parser and class names. Cached by text. */
export function highlighted(code: string, kind: Kind): readonly (readonly Token[])[] {
  const key = `${kind}\n${code}`
  const known = cache.get(key)
  if (known) return known
  const lines: Token[][] = [[]]
  if (kind === 'python' || kind === 'sql' || kind === 'r')
    highlightCode(
      code,
      parsers[kind].parse(code),
      classHighlighter,
      (text, className) => lines.at(-1)!.push({ text, className }),
      () => lines.push([]),
    )
  else for (const [i, text] of code.split('\n').entries()) lines[i] = [{ text, className: '' }]
  cache.set(key, lines)
  if (cache.size > 2000) cache.delete(cache.keys().next().value!)
  return lines
}
