import MarkdownIt from 'markdown-it'

/** TeX to markup. */
export type Formula = (tex: string, block: boolean) => string

const most = 200_000

/** Links lead out only: a link or a picture of a note must not ask the app's own server for anything. */
function leads(url: string): boolean {
  return /^(https?:\/\/|mailto:)/i.test(url.trim())
}
const picture = /^data:image\/(png|jpeg|gif|webp);base64,[A-Za-z0-9+/=]+$/

type Writer = InstanceType<typeof MarkdownIt>

function make(formula: Formula | undefined): Writer {
  const markdown = new MarkdownIt({ html: false, linkify: false, typographer: false })
  markdown.validateLink = (url) => leads(url) || picture.test(url)
  const { rules } = markdown.renderer
  rules['link_open'] = (tokens, at, options, _, self) => {
    const token = tokens[at]!
    const href = String(token.attrGet('href') ?? '')
    token.attrs = leads(href) ? [['href', href]] : []
    token.attrSet('target', '_blank')
    token.attrSet('rel', 'noopener noreferrer nofollow')
    return self.renderToken(tokens, at, options)
  }
  rules['image'] = (tokens, at, options, env, self) => {
    const token = tokens[at]!
    const alt = markdown.utils.escapeHtml(self.renderInlineAsText(token.children ?? [], options, env))
    const source = String(token.attrGet('src') ?? '')
    return picture.test(source) ? `<img src="${source}" alt="${alt}">` : `[${alt}]`
  }
  markdown.inline.ruler.before('escape', 'formula', (state, silent) => {
    if (state.src[state.pos] !== '$') return false
    const fence = state.src.startsWith('$$', state.pos) ? '$$' : '$'
    const begin = state.pos + fence.length
    const end = state.src.indexOf(fence, begin)
    if (end <= begin || (fence === '$' && !inline(state.src, begin, end))) return false
    if (!silent) {
      const token = state.push('formula', '', 0)
      token.content = state.src.slice(begin, end)
      token.info = fence
    }
    state.pos = end + fence.length
    return true
  })
  rules['formula'] = (tokens, at) => {
    const { content, info } = tokens[at]!
    return formula ? formula(content, info === '$$') : `<code>${markdown.utils.escapeHtml(content)}</code>`
  }
  return markdown
}

/** "$5 and $6" is money: a formula begins and ends without a space, and no digit follows it. */
function inline(text: string, begin: number, end: number): boolean {
  return !/\s/.test(text[begin]!) && !/\s/.test(text[end - 1]!) && !/\d/.test(text[end + 1] ?? '')
}

const plain = make(undefined)
let mathematical: { formula: Formula; markdown: Writer } | undefined

export function hasMath(text: string): boolean {
  return /\$[^$]/.test(text)
}
export function rendered(text: string, formula: Formula | undefined): string {
  if (formula && mathematical?.formula !== formula) mathematical = { formula, markdown: make(formula) }
  return (formula ? mathematical!.markdown : plain).render(text.slice(0, most))
}
