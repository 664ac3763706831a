/** A piece of a stream in one style. Colours are names that the theme gives a value. */
export interface Piece {
  readonly text: string
  readonly colour?: (typeof colours)[number]
  readonly bold?: boolean
  readonly underline?: boolean
}
type Style = Omit<Piece, 'text'>
const colours = ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white'] as const

/* eslint-disable no-control-regex -- control characters are what it is about */
const escapes = /(\x1b\[[0-9;:?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[ -/]*[0-~])/
/* eslint-enable no-control-regex */

/** Split text at its ANSI colour codes; other escapes are dropped, and \r starts its line anew as on a terminal. */
export function ansi(text: string): Piece[] {
  const pieces: Piece[] = []
  let style: Style = {}
  const plain = text.replace(/^.*\r(?!\n|$)/gm, '')
  for (const part of plain.split(escapes)) {
    if (!part.startsWith('\x1b')) {
      if (part) pieces.push({ text: part, ...style })
    } else if (part.startsWith('\x1b[') && part.endsWith('m')) {
      style = styled(style, part.slice(2, -1).split(/[;:]/).map(Number))
    }
  }
  return pieces
}

function styled(before: Style, codes: readonly number[]): Style {
  let { colour, bold, underline } = before
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i]!
    if (code === 0) colour = bold = underline = undefined
    else if (code === 1) bold = true
    else if (code === 22) bold = undefined
    else if (code === 4) underline = true
    else if (code === 24) underline = undefined
    else if (code === 39) colour = undefined
    else if ((code >= 30 && code < 38) || (code >= 90 && code < 98)) colour = colours[code % 10]
    else if (code === 38 || code === 48) {
      const named = codes[i + 1] === 5 ? byNumber(codes[i + 2] ?? 0) : byLight(codes.slice(i + 2, i + 5))
      if (code === 38) colour = named
      i += codes[i + 1] === 5 ? 2 : 4
    }
  }
  return { ...(colour && { colour }), ...(bold && { bold }), ...(underline && { underline }) }
}

/** Of 256 colours the nearest of the eight: they have the contrast that the theme promises. */
function byNumber(n: number): (typeof colours)[number] {
  if (n < 16) return colours[n % 8]!
  if (n >= 232) return n < 244 ? 'black' : 'white'
  const cube = n - 16
  return byLight([Math.floor(cube / 36) * 51, (Math.floor(cube / 6) % 6) * 51, (cube % 6) * 51])
}
function byLight(rgb: readonly number[]): (typeof colours)[number] {
  const most = Math.max(1, ...rgb)
  return colours[rgb.reduce((bits, n, i) => bits | ((n > most * 0.6 ? 1 : 0) << i), 0)]!
}
