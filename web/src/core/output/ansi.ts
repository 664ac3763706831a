/** A piece of a stream in one style. Colours are names that the theme gives a value. */
export interface Piece {
  readonly text: string
  readonly colour?: (typeof colours)[number]
  readonly bold?: boolean
}
const colours = ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white'] as const

/** Split text at its ANSI colour codes; other escapes are dropped, and \r starts its line anew as on a terminal. */
export function ansi(text: string): Piece[] {
  const pieces: Piece[] = []
  let colour: Piece['colour']
  let bold = false
  const plain = text.replace(/^.*\r(?!\n|$)/gm, '')
  // eslint-disable-next-line no-control-regex
  for (const part of plain.split(/(\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07]*\x07)/)) {
    if (!part.startsWith('\x1b')) {
      if (part) pieces.push({ text: part, ...(colour && { colour }), ...(bold && { bold }) })
      continue
    }
    if (!part.endsWith('m')) continue
    for (const code of part.slice(2, -1).split(';').map(Number)) {
      if (code === 0) [colour, bold] = [undefined, false]
      else if (code === 1) bold = true
      else if (code === 22) bold = false
      else if (code === 39) colour = undefined
      else if ((code >= 30 && code < 38) || (code >= 90 && code < 98)) colour = colours[code % 10]
    }
  }
  return pieces
}
