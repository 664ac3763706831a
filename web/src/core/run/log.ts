import { ansi } from '../output/ansi'
import type { Output } from '../output/output'

export interface LogLine {
  /** Its place in the whole log, from 0. */
  readonly n: number
  readonly stream: string
  readonly text: string
}
export interface LogQuery {
  /** From 0; negative: counted from the end. */
  readonly from: number
  readonly limit: number
  /** Only lines that hold this, in any case. */
  readonly search?: string
}
export interface LogPage {
  readonly lines: readonly LogLine[]
  readonly from: number
  /** Lines so far; with `search`: that match. */
  readonly total: number
}

/** A page of what the outputs hold: for recordings, where there is no server to ask. */
export function logOf(outputs: readonly Output[], { from, limit, search = '' }: LogQuery): LogPage {
  const lines: LogLine[] = []
  let n = 0
  for (const output of outputs)
    if (output.type === 'text')
      for (const text of output.text.replace(/\n$/, '').split('\n'))
        lines.push({ n: n++, stream: output.stream, text })
  const found = search ? lines.filter(({ text }) => plain(text).includes(search.toLowerCase())) : lines
  const begin = Math.max(0, from < 0 ? found.length + from : from)
  return { lines: found.slice(begin, begin + limit), from: begin, total: found.length }
}
const plain = (text: string) =>
  ansi(text)
    .map((piece) => piece.text)
    .join('')
    .toLowerCase()
