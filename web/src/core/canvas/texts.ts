import type { BlockId } from '../../model/block'
import type { Change } from '../../model/change'
import type { Graph } from '../../model/graph'
import { changedText, changesBetween, type TextChanges, type TextUpdate } from '../../model/text'
import type { BlockTexts } from '../live/message'
import type { Wire } from './wire'

/** A text that is or was edited in this page: the server's, with what was typed here on top of it. */
export interface EditedText {
  readonly code: string
  /** Take the server's next updates in; one's own among them become confirmed. */
  receive(updates: readonly TextUpdate[]): void
  /** What was typed here and is not confirmed, in the server's terms. */
  sendable(): readonly TextUpdate[]
  /** Take back, or make again, until so many edits are left; returns how many there were, undefined if nothing changed. */
  goTo(depth: number): number | undefined
  readonly depth: number
  replace(changes: TextChanges): void
}

interface Known {
  version: number
  code: string
  edited?: EditedText
  /** The version at which something was sent and not answered yet. */
  sentAt?: number
}

/**
 * The text of each block as the server has it, and what was typed here. The server orders updates by version; this asks
 * for what is missing, sends what is unconfirmed once for each version, and so loses and doubles nothing.
 */
export class Texts {
  readonly #known = new Map<BlockId, Known>()
  readonly #wire: Pick<Wire, 'sendText' | 'pull'>

  constructor(wire: Pick<Wire, 'sendText' | 'pull'>, graph: Graph) {
    this.#wire = wire
    for (const block of graph.blocks()) this.put(block.id, 0, block.code)
  }
  /** A block is there with this text; one that is being edited keeps what was typed and asks for what it misses. */
  put(id: BlockId, version: number, code: string): void {
    const known = this.#known.get(id)
    if (!known?.edited || known.version > version) this.#known.set(id, { version, code })
    else {
      // What was sent before the block was there came to nothing.
      delete known.sentAt
      this.ask(id, version)
    }
  }
  drop(id: BlockId): EditedText | undefined {
    const edited = this.#known.get(id)?.edited
    this.#known.delete(id)
    return edited
  }
  /** What is to be shown. */
  code(id: BlockId): string | undefined {
    const known = this.#known.get(id)
    return known?.edited?.code ?? known?.code
  }
  version(id: BlockId): number | undefined {
    return this.#known.get(id)?.version
  }
  edited(id: BlockId): EditedText | undefined {
    return this.#known.get(id)?.edited
  }
  /** Begin to edit; `make` gets the server's text. */
  edit(id: BlockId, make: (version: number, code: string) => EditedText): EditedText | undefined {
    const known = this.#known.get(id)
    if (!known) return undefined
    return (known.edited ??= make(known.version, known.code))
  }
  /** Texts with something that is not confirmed. */
  unsent(): BlockId[] {
    return [...this.#known].filter(([, k]) => (k.edited?.sendable().length ?? 0) > 0).map(([id]) => id)
  }
  /** Nobody types here any more: every text is the server's again. Returns those that had something unconfirmed. */
  giveUp(): ReadonlyMap<BlockId, string> {
    const typed = new Map(this.unsent().map((id) => [id, this.code(id)!]))
    for (const known of this.#known.values()) delete known.edited
    return typed
  }
  /** The server has a text at this version: get there, or send what was typed. */
  ask(id: BlockId, version: number): void {
    const known = this.#known.get(id)
    if (!known) return
    if (version > known.version) this.#wire.pull(id, known.version)
    else this.send(id)
  }
  send(id: BlockId): void {
    const known = this.#known.get(id)
    if (!known?.edited || known.sentAt === known.version) return
    const updates = known.edited.sendable()
    if (updates.length === 0) return
    known.sentAt = known.version
    this.#wire.sendText(id, known.version, updates)
  }
  /** A new connection: what was sent on the old one may be lost. */
  reconnected(): void {
    for (const known of this.#known.values()) delete known.sentAt
  }
  /** True if the text changed; what came already is left out. Throws if an update was not made for the text. */
  receive({ block, version, updates: told, code: whole, gone }: BlockTexts): boolean {
    const known = this.#known.get(block)
    if (!known || gone || version < known.version) return false
    const updates = whole === undefined ? told : asUpdates(known, version, whole)
    const from = version - updates.length
    if (from > known.version) {
      this.#wire.pull(block, known.version)
      return false
    }
    const fresh = updates.slice(known.version - from)
    for (const update of fresh) {
      const code = changedText(known.code, update.changes)
      if (code === undefined) throw new Error(`an update of ${block} was made for another text`)
      known.code = code
      known.version++
    }
    if (fresh.length > 0) known.edited?.receive(fresh)
    this.send(block)
    return fresh.length > 0
  }

  /** Take a batch in; returns the blocks whose text changed. */
  take(operations: readonly { readonly change: Change }[], texts: readonly BlockTexts[]): BlockId[] {
    const told = new Set(texts.map(({ block }) => block))
    for (const { change } of operations) this.follow(change, told)
    return texts.filter((text) => this.receive(text)).map(({ block }) => block)
  }
  /**
   * Blocks that came or went have texts, or none. One that was set whole is asked for unless updates came with it: `told`
   * has those; undefined for an own change that the server has not seen.
   */
  follow(change: Change, told?: ReadonlySet<BlockId>): void {
    switch (change.op) {
      case 'add':
        return this.put(change.block.id, 0, change.block.code)
      case 'paste':
        return change.blocks.forEach((block) => this.put(block.id, 0, block.code))
      case 'delete':
        return change.ids.forEach((id) => void this.drop(id))
      case 'setCode':
        if (told?.has(change.id) === false) this.#wire.pull(change.id, this.version(change.id) ?? 0)
        return
      case 'batch':
        return change.changes.forEach((each) => this.follow(each, told))
    }
  }
}

/** A whole text as so many updates as it is further: the first has the difference. */
function asUpdates({ version: have, code }: Known, version: number, whole: string): readonly TextUpdate[] {
  const changes = changesBetween(code, whole)
  const rest: TextUpdate = { client: 'server', changes: whole.length > 0 ? [whole.length] : [] }
  return Array.from({ length: version - have }, (_, i) => (i === 0 ? { ...rest, changes } : rest))
}
