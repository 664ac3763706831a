import { formOf, imageUrl, plainText, vegaType, type Output } from './output'

/** An output as a file: its ending, its type and its content. */
export interface Saved {
  readonly ending: string
  readonly type: string
  readonly content: string | Uint8Array<ArrayBuffer>
}

export function savedOf(output: Output): Saved {
  if (output.type === 'text') return { ending: 'txt', type: 'text/plain', content: output.text }
  if (output.type === 'error') return { ending: 'txt', type: 'text/plain', content: output.traceback }
  const { data } = output
  const json = (value: unknown): Saved => ({
    ending: 'json',
    type: 'application/json',
    content: JSON.stringify(value, undefined, 2),
  })
  switch (formOf(data)) {
    case 'plotly':
      return json(data['application/vnd.plotly.v1+json'])
    case 'vega':
      return json(data[vegaType(data)!])
    case 'json':
      return json(data['application/json'])
    case 'image':
      return picture(imageUrl(data)!)
    case 'table':
    case 'frame':
      return { ending: 'html', type: 'text/html', content: String(data['text/html']) }
    case 'markdown': {
      const text = String(data['text/markdown'] ?? data['text/latex'])
      return { ending: 'text/markdown' in data ? 'md' : 'tex', type: 'text/plain', content: text }
    }
    case 'text':
      return { ending: 'txt', type: 'text/plain', content: plainText(data) }
  }
}

function picture(url: string): Saved {
  const [head, body] = [url.slice(5, url.indexOf(',')), url.slice(url.indexOf(',') + 1)]
  const type = head.split(';')[0]!
  if (type === 'image/svg+xml') return { ending: 'svg', type, content: decodeURIComponent(body) }
  const bytes = Uint8Array.from(atob(body), (c) => c.charCodeAt(0))
  return { ending: type.slice('image/'.length).replace('jpeg', 'jpg'), type, content: bytes }
}
