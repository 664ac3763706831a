import type { Block, BlockId } from '../../model/block'
import type { Change } from '../../model/change'
import type { Graph } from '../../model/graph'
import type { PlanStep, RunRequest } from '../../model/plan'
import type { Refusal } from '../../model/refusal'
import type { Live } from '../run/live'
import type { LogPage, LogQuery } from '../run/log'
import type { Person } from '../live/message'
import type { Role } from '../session/role'
import type { SharedTexts } from './shared_texts'

export interface Variable {
  readonly name: string
  readonly type: string
  readonly shape: readonly number[]
  readonly bytes: number
  /** The name of the block that made it. */
  readonly origin: string
  readonly preview: string
  readonly carried: boolean
  readonly reason?: string
  /** It can be opened as a table. */
  readonly table?: boolean
}
export interface Attempt {
  readonly block: string
  readonly status: string
  readonly startedMs: number
  readonly finishedMs: number
}

/** `lost`: changes are kept here, and sent once there is a connection again. */
export type Connection = 'open' | 'lost'

/**
 * One open canvas, as the page sees it. Reads are synchronous and cheap; a listener hears once a frame what changed.
 * The graph is changed through `change`, `undo` and `redo` only.
 */
export interface CanvasStore extends SharedTexts {
  /** Its folder below the workspace: what the API calls it. */
  readonly id: string
  readonly name: string
  /** What this person may do here; it may change while the canvas is open. */
  readonly role: Role
  readonly graph: Graph
  /** Grows with each change of the graph: a key for what is derived from all of it. */
  readonly version: number
  live(id: BlockId): Live
  /** The variables of a block's state, its ancestors' included. */
  variables(id: BlockId): readonly Variable[]
  attempts(): readonly Attempt[]
  /** Lines of what the newest attempt wrote; rejects with a Problem. */
  log(id: BlockId, asked: LogQuery): Promise<LogPage>
  /** Make a change; neighbours with the same `key` are undone as one. Returns why not, if it was refused. */
  change(change: Change, key?: string): Refusal | undefined
  /** What `undo` would take back: the same object until something else is done here, or undone. */
  lastDone(): unknown
  undo(): boolean
  redo(): boolean
  plan(request: RunRequest): readonly PlanStep[]
  run(request: RunRequest): void
  cancel(): void
  readonly running: boolean
  /** A run waits for its environment: what is being done for it, or '' while that is not known. */
  readonly preparing: string | undefined
  /** What the server would do; rejects with a Problem. */
  askPlan(request: RunRequest): Promise<readonly PlanStep[]>
  readonly connection: Connection
  /** What is wrong with its folder or its engine, in the server's words. */
  readonly problem: string | undefined
  /** Changes and texts that the server has not confirmed. */
  readonly unsent: number
  /** The others who are here. */
  /** How many runs this page has seen the end of. */
  runsEnded(): number
  people(): readonly Person[]
  /** How many are here beside these, to two digits. */
  morePeople(): number
  /** A block's text or state. */
  onBlock(id: BlockId, listener: () => void): () => void
  /** Anything: the blocks that look different, or whose edges do. */
  onChange(listener: (blocks: ReadonlySet<BlockId>) => void): () => void
}

/** A name that is free: `base`, `base_2`, ... */
export function freeName(graph: Graph, base: string, taken: ReadonlySet<string> = new Set()): string {
  for (let i = 1; ; i++) {
    const name = i === 1 ? base : `${base}_${i}`
    if (!graph.named(name) && !taken.has(name)) return name
  }
}

/** Copies of blocks with new ids and names free in `target`, moved by an offset, and the edges among them. */
export function copies(
  graph: Graph,
  blocks: readonly Block[],
  dx: number,
  dy: number,
  target: Graph = graph,
): Change {
  const names = new Set<string>()
  const made = new Map<BlockId, Block>()
  for (const block of blocks) {
    const base =
      target.named(block.name) || names.has(block.name) ? block.name.replace(/_\d+$/, '') : block.name
    const name = freeName(target, base, names)
    names.add(name)
    made.set(block.id, {
      ...block,
      id: crypto.randomUUID(),
      name,
      at: { x: block.at.x + dx, y: block.at.y + dy },
    })
  }
  const edges = blocks.flatMap((block) =>
    graph.parents(block.id).flatMap((parent, index) => {
      const copy = made.get(parent)
      return copy ? [{ parent: copy.id, child: made.get(block.id)!.id, index }] : []
    }),
  )
  return { op: 'paste', blocks: [...made.values()], edges }
}
