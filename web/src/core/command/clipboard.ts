import type { Block, BlockId } from '../../model/block'
import type { Change } from '../../model/change'
import { Graph } from '../../model/graph'
import { copies } from '../canvas/store'

/** What the clipboard holds: blocks and the edges among them, as the canvas that they come from had them. */
const type = 'easel.blocks/1'
const most = 5000

/** The blocks as text that any canvas can paste. */
export function copied(graph: Graph, ids: readonly BlockId[]): string {
  const set = new Set(ids)
  const blocks = ids.flatMap((id) => graph.block(id) ?? [])
  const edges = blocks.flatMap((block) =>
    graph.parents(block.id).flatMap((parent) => (set.has(parent) ? [[parent, block.id]] : [])),
  )
  return JSON.stringify({ type, blocks, edges })
}

/**
 * The change that pastes a text into a canvas with its upper left corner at a place: new ids, free names. Undefined for a
 * text that is not blocks; the clipboard is from outside and nothing of it is believed.
 */
export function pasted(
  graph: Graph,
  text: string,
  at: { x: number; y: number },
): (Change & { op: 'paste' }) | undefined {
  const found = parse(text)
  if (!found) return undefined
  const source = new Graph()
  for (const block of found.blocks) source.putBlock(block)
  for (const [parent, child] of found.edges)
    if (source.block(parent) && source.block(child) && !source.path(child, parent))
      source.putEdge({ parent, child })
  const left = Math.min(...found.blocks.map((block) => block.at.x))
  const top = Math.min(...found.blocks.map((block) => block.at.y))
  const change = copies(source, found.blocks, Math.round(at.x - left), Math.round(at.y - top), graph)
  return change.op === 'paste' ? change : undefined
}

function parse(text: string): { blocks: Block[]; edges: [string, string][] } | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  if (!isRecord(value) || value['type'] !== type) return undefined
  const { blocks, edges } = value
  if (!Array.isArray(blocks) || blocks.length === 0 || blocks.length > most) return undefined
  const good = blocks.flatMap((block) => blockOf(block) ?? [])
  if (good.length !== blocks.length || new Set(good.map((block) => block.id)).size !== good.length)
    return undefined
  const pairs = (Array.isArray(edges) ? edges : []).filter(
    (edge): edge is [string, string] => Array.isArray(edge) && edge.every((end) => typeof end === 'string'),
  )
  return { blocks: good, edges: pairs }
}

function blockOf(value: unknown): Block | undefined {
  if (!isRecord(value)) return undefined
  const { id, kind, name, code, at, size, settings } = value
  if (typeof id !== 'string' || typeof code !== 'string' || typeof name !== 'string') return undefined
  if (!/^[A-Za-z_]\w{0,63}$/.test(name) || (kind !== 'python' && kind !== 'markdown')) return undefined
  if (!isRecord(at) || !isRecord(size)) return undefined
  const [x, y, w, h] = [at['x'], at['y'], size['w'], size['h']]
  if (![x, y, w, h].every((n) => typeof n === 'number' && Number.isFinite(n))) return undefined
  const place = { at: { x: x as number, y: y as number }, size: { w: w as number, h: h as number } }
  return { id, kind, name, code, ...place, settings: settingsOf(settings) }
}

function settingsOf(value: unknown): Block['settings'] {
  if (!isRecord(value)) return {}
  const words = ['environment', 'cache', 'memory', 'timeout'] as const
  const kept = words.flatMap((word) => (typeof value[word] === 'string' ? [[word, value[word]]] : []))
  const cpu = value['cpu']
  return { ...Object.fromEntries(kept), ...(typeof cpu === 'number' && { cpu }) }
}
const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
