/** One place of a traceback, as the runtime writes it. */
export interface TraceFrame {
  /** "block `clean`, line 3, in keep_rows", or "… 6 frames in pandas". */
  readonly title: string
  readonly code: string
  /** The block, if the place is in one. */
  readonly block?: string
  readonly line?: number
  /** Somebody else's code: folded. */
  readonly library: boolean
}
export interface Trace {
  readonly frames: readonly TraceFrame[]
  /** What is left: the exception's own lines, an "During handling..." in between. */
  readonly rest: string
}

/** Take a traceback apart; what is not understood stays text. */
export function traceOf(traceback: string): Trace {
  const frames: { title: string; code: string[] }[] = []
  const rest: string[] = []
  let open = false
  for (const line of traceback.split('\n')) {
    const title = /^ {2}(\S.*)$/.exec(line)?.[1]
    if (title !== undefined && (/\bline \d+/.test(title) || title.startsWith('…'))) {
      frames.push({ title, code: [] })
      open = true
    } else if (open && /^ {4}/.test(line)) frames.at(-1)!.code.push(line.slice(4))
    else {
      open = false
      if (!line.startsWith('Traceback (most recent')) rest.push(line)
    }
  }
  return {
    frames: frames.map(({ title, code }) => {
      const block = /block `(\w+)`/.exec(title)?.[1]
      const line = /\bline (\d+)/.exec(title)?.[1]
      const library =
        title.startsWith('…') ||
        (block === undefined && /site-packages|\/lib\/python|\.(pyx|pxi|pxd)\b/.test(title))
      return {
        title,
        code: code.join('\n'),
        library,
        ...(block !== undefined && { block }),
        ...(line !== undefined && { line: Number(line) }),
      }
    }),
    rest: rest.join('\n').trim(),
  }
}

/** Frames one after the other that are all one's own, or all a library's. */
export interface TracePart {
  readonly library: boolean
  readonly frames: readonly TraceFrame[]
  /** "7 frames in pandas", of a library's. */
  readonly title: string
}
export function partsOf(frames: readonly TraceFrame[]): TracePart[] {
  const parts: { library: boolean; frames: TraceFrame[] }[] = []
  for (const frame of frames) {
    const last = parts.at(-1)
    if (last?.library === frame.library) last.frames.push(frame)
    else parts.push({ library: frame.library, frames: [frame] })
  }
  return parts.map((part) => ({ ...part, title: part.library ? titleOf(part.frames) : '' }))
}

function titleOf(frames: readonly TraceFrame[]): string {
  const left = /^… (\d+) frames? in (\w+)/
  const count = frames.reduce((sum, { title }) => sum + Number(left.exec(title)?.[1] ?? 1), 0)
  const places = [left, /site-packages\/()(\w+)/, /\/python[\d.]+\/()(\w+)/, /^()(\w+)\//]
  const names = frames.flatMap(({ title }) =>
    places.flatMap((place) => place.exec(title)?.[2] ?? []).slice(0, 1),
  )
  const name = names[0] ?? 'a library'
  return `${count} ${count === 1 ? 'frame' : 'frames'} in ${name}`
}
