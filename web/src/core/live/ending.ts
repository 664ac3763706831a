/** Ends by the server after which one simply joins again. */
const joinAgain = new Set(['PEER_SILENT', 'PEER_SLOW', 'CANVAS_CLOSED', 'CANVAS_IDLE', 'SERVER_ENDS'])
/** The page said what the server cannot take: it has lost track, and begins anew. */
const ownFault = new Set(['MESSAGE_INVALID', 'TEXT_INVALID'])

/** What the end of a connection asks of the page (docs/formats/live.md, "Ends by the server"). */
export interface Ending {
  /** To say, until there is a connection again. */
  readonly why?: string
  readonly anew: boolean
}

export function endingOf({ code, reason }: { readonly code?: number; readonly reason?: string }): Ending {
  const [, word, sentence] = /^([A-Z_]+): (.+)$/s.exec((code === 4000 && reason) || '') ?? []
  if (word === undefined || sentence === undefined || joinAgain.has(word)) return { anew: false }
  return ownFault.has(word) ? { anew: true } : { why: sentence, anew: false }
}
