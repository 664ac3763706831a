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
  /** `memory`, `exception`, ... */
  readonly kind?: string
}
export type Output = TextOutput | DisplayOutput | ErrorOutput

/** How a display is shown, best first; what may hold a script gets a frame of its own. */
export type Form = 'plotly' | 'vega' | 'table' | 'image' | 'frame' | 'markdown' | 'json' | 'text'

export function formOf(data: MimeBundle): Form {
  if ('application/vnd.plotly.v1+json' in data) return 'plotly'
  if (vegaType(data) !== undefined) return 'vega'
  const html = data['text/html']
  if (typeof html === 'string' && html.includes('class="dataframe"')) return 'table'
  if (imageUrl(data) !== undefined) return 'image'
  if (typeof html === 'string') return 'frame'
  if ('text/markdown' in data || 'text/latex' in data) return 'markdown'
  if ('application/json' in data) return 'json'
  return 'text'
}

/** `application/vnd.vegalite.v5+json` and its like. */
export function vegaType(data: MimeBundle): string | undefined {
  return Object.keys(data).find((type) => /^application\/vnd\.vega(lite)?\.v\d+\+json$/.test(type))
}

const pictures = ['image/png', 'image/jpeg', 'image/gif', 'image/webp']

/** The picture of a display as a data URL. An SVG is a picture, too: in an `img` it runs nothing and loads nothing. */
export function imageUrl(data: MimeBundle): string | undefined {
  for (const type of pictures) {
    const bytes = data[type]
    if (typeof bytes === 'string') return `data:${type};base64,${bytes.replaceAll(/[^A-Za-z0-9+/=]/g, '')}`
  }
  const svg = data['image/svg+xml']
  return typeof svg === 'string' ? `data:image/svg+xml,${encodeURIComponent(svg)}` : undefined
}

export function plainText(data: MimeBundle): string {
  const plain = data['text/plain']
  return typeof plain === 'string' ? plain : ''
}
