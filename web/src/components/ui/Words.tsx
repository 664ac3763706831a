/** A sentence whose names stand in backticks: they are set as code. */
export function Words({ text }: { text: string }) {
  return text.split('`').map((piece, i) => (i % 2 === 1 ? <code key={i}>{piece}</code> : piece))
}
/** Of words of the server, which begin as they like and end without a stop: a sentence. */
export const sentence = (text: string) =>
  `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?…]$/.test(text) ? '' : '.'}`
/** The same for a title or a screen reader. */
export const plainWords = (text: string) => text.replaceAll('`', '')
