import { rectOf, type Point, type Rect, type Size } from './rect'

export type BlockId = string
export const kinds = ['python', 'sql', 'r', 'markdown', 'gather'] as const
export type Kind = (typeof kinds)[number]

/** The states of docs/user/json.md, in its spelling. */
export const runStates = [
  'up_to_date',
  'stale',
  'queued',
  'running',
  'failed',
  'cancelled',
  'skipped',
  'never_run',
] as const
export type RunState = (typeof runStates)[number]

/** What canvas.yaml may say of a block besides its place; absent means the canvas's default. */
export interface Settings {
  readonly environment?: string
  /** `auto`, `never`, or a time such as `1h` for which a result is good. */
  readonly cache?: string
  readonly cpu?: number
  readonly memory?: string
  readonly timeout?: string
}

/** One block. Values are never changed in place: a change makes a new one, so that identity tells what changed. */
export interface Block {
  readonly id: BlockId
  readonly kind: Kind
  readonly name: string
  readonly code: string
  readonly at: Point
  readonly size: Size
  readonly settings: Settings
}

export function blockRect(block: Block): Rect {
  return rectOf(block.at, block.size)
}

/** The nearest that can be a name: `monthly sales` -> `monthly_sales`; '' if nothing of it can. */
export function nameLike(text: string): string {
  const plain = text.normalize('NFKD').replace(/\p{M}/gu, '')
  const words = plain.replace(/[^A-Za-z0-9_-]+/g, '_').replace(/^[_-]+|[_-]+$/g, '')
  if (words === '') return ''
  return (/^[0-9]/.test(words) ? `_${words}` : words).slice(0, 60)
}

/** Why this cannot be a block's name, or undefined if it can. */
export function nameProblem(name: string): string | undefined {
  if (name === '') return 'A block needs a name.'
  if (name.length > 64) return 'A name has at most 64 characters.'
  if (!/^[A-Za-z_][A-Za-z0-9_-]*$/.test(name))
    return `\`${name}\` is not a name: a letter or _ first, then letters, digits, _ and -.`
  return undefined
}
