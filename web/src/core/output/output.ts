import type { MimeBundle } from '../run/event'

export interface TextOutput {
  readonly type: 'text'
  readonly stream: 'stdout' | 'stderr'
  readonly text: string
}
export interface DisplayOutput {
  readonly type: 'display'
  readonly data: MimeBundle
  readonly id?: string
}
export interface ErrorOutput {
  readonly type: 'error'
  readonly ename: string
  readonly evalue: string
  readonly traceback: string
  readonly line: number | null
}
export type Output = TextOutput | DisplayOutput | ErrorOutput

/** How a display is shown, best first; what may hold a script gets a frame of its own. */
export type Form = 'plotly' | 'table' | 'image' | 'frame' | 'text'

export function formOf(data: MimeBundle): Form {
  if ('application/vnd.plotly.v1+json' in data) return 'plotly'
  const html = data['text/html']
  if (typeof html === 'string' && html.includes('class="dataframe"')) return 'table'
  if ('image/png' in data || 'image/jpeg' in data) return 'image'
  if ('image/svg+xml' in data || html !== undefined) return 'frame'
  return 'text'
}

/** The picture of a display as a data URL. */
export function imageUrl(data: MimeBundle): string | undefined {
  for (const type of ['image/png', 'image/jpeg']) {
    const bytes = data[type]
    if (typeof bytes === 'string') return `data:${type};base64,${bytes.replaceAll('\n', '')}`
  }
  return undefined
}
