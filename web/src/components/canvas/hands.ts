import type { BlockId } from '../../model/block'
import { edgeKey, type Edge } from '../../model/edge'
import { between, type Point, type Size } from '../../model/rect'
import { select, toggle } from '../../model/selection'
import { farZoom } from '../../model/visible'
import type { Desk } from '../../core/command/command'
import { addBlock, attempt, insertChange } from '../../core/command/edit'
import { page, say, selectBlocks, setPage } from '../../core/session/page'
import type { Scene } from './scene'

interface Eye {
  /** The stage point under a pointer. */
  point(event: { clientX: number; clientY: number }): Point
  zoom(): number
  /** Show what changed: the mounted cards and their places. */
  show(): void
}
const least: Size = { w: 180, h: 80 }
const step = 10
const snapped = (n: number) => Math.round(n / step) * step

/** What a pointer does on the stage. One gesture at a time; Esc or a lost pointer ends it without a change. */
export class Hands {
  readonly #desk: Desk
  readonly #scene: Scene
  readonly #eye: Eye

  constructor(desk: Desk, scene: Scene, eye: Eye) {
    this.#desk = desk
    this.#scene = scene
    this.#eye = eye
  }
  /** The block, and with it all that is selected, goes where its card is dragged. */
  readonly drag = (id: BlockId, to: Point): void => {
    const { graph } = this.#desk.store
    if (!page().selection.ids.has(id)) selectBlocks(select([id]))
    const at = graph.block(id)?.at
    if (!at) return
    const [dx, dy] = [snapped(to.x - at.x), snapped(to.y - at.y)]
    const ids = [...page().selection.ids]
    this.#scene.lift(
      ids.flatMap((other) => {
        const block = graph.block(other)
        return block ? [{ id: other, at: { x: block.at.x + dx, y: block.at.y + dy } }] : []
      }),
    )
    const over = ids.length === 1 ? this.#gap(id) : undefined
    if (edgeKeyOf(over) !== edgeKeyOf(this.#scene.edge)) {
      this.#scene.edge = over
      this.#scene.changed()
    }
    this.#eye.show()
  }
  readonly dropped = (): void => {
    const { graph } = this.#desk.store
    const moves = [...this.#scene.lifted].flatMap((id) => {
      const { x0, y0 } = this.#scene.rect(id)
      const { at } = graph.block(id)!
      return at.x === x0 && at.y === y0 ? [] : [{ id, at: { x: x0, y: y0 } }]
    })
    const edge = this.#scene.edge
    const first = moves[0]
    this.#scene.drop()
    if (edge && first)
      attempt(this.#desk, {
        op: 'batch',
        changes: [{ op: 'move', moves }, ...insertChange(graph, first.id, edge)],
      })
    else if (first) attempt(this.#desk, { op: 'move', moves })
    this.#eye.show()
  }
  /** The edge that a block would go between if it were dropped here: one without edges of its own, that is. */
  #gap(id: BlockId): Edge | undefined {
    const { graph } = this.#desk.store
    if (graph.block(id)?.kind === 'markdown' || graph.edgesOf(id).length > 0) return undefined
    const { x0, y0, x1 } = this.#scene.rect(id)
    return this.#scene.edgeAt({ x: (x0 + x1) / 2, y: y0 + 30 }, 40, id)
  }
  readonly click = (event: { shiftKey: boolean }, id: BlockId): void => {
    selectBlocks(event.shiftKey ? toggle(page().selection, id) : select([id]))
  }
  /** On the empty stage: a marquee, or a click that takes an edge. */
  readonly pane = (event: PointerEvent): void => {
    const from = this.#eye.point(event)
    const before = event.shiftKey ? page().selection.ids : new Set<BlockId>()
    let moved = false
    this.#follow(event, {
      move: (at) => {
        const box = between(from, at)
        moved ||= Math.max(box.x1 - box.x0, box.y1 - box.y0) * this.#eye.zoom() > 4
        if (!moved) return
        this.#scene.box = box
        selectBlocks(select([...before, ...this.#scene.grid.inside(box)]))
        this.#scene.changed()
      },
      end: () => {
        if (!moved) this.#clickPane(from, event.shiftKey)
      },
      after: () => (this.#scene.box = undefined),
    })
  }
  #clickPane(at: Point, keep: boolean): void {
    const edge = this.#scene.edgeAt(at, 8 / this.#eye.zoom())
    if (!keep) selectBlocks(select([]))
    setPage({ edge: edge && edgeKey(edge) })
    const { graph } = this.#desk.store
    if (edge) say(`Edge from ${graph.block(edge.parent)!.name} to ${graph.block(edge.child)!.name}.`)
  }
  /** From a port: to another block, or to empty stage for a new one. */
  readonly draw = (event: PointerEvent, from: BlockId, way: 'out' | 'in'): void => {
    const { graph } = this.#desk.store
    const edgeTo = (other: BlockId): Edge =>
      way === 'out' ? { parent: from, child: other } : { parent: other, child: from }
    this.#follow(event, {
      move: (to) => {
        const over = this.#scene.grid.at(to)
        const block = over !== undefined && over !== from ? graph.block(over) : undefined
        const target = block && block.kind !== 'markdown' ? block.id : undefined
        const refused =
          target !== undefined &&
          (graph.hasEdge(edgeTo(target)) ||
            graph.path(edgeTo(target).child, edgeTo(target).parent) !== undefined)
        this.#scene.drawing = { from, way, to, ...(target !== undefined && { target }), refused }
        this.#scene.changed()
      },
      end: (to, moved) => {
        const target = this.#scene.drawing?.target
        if (target !== undefined) attempt(this.#desk, { op: 'connect', edge: edgeTo(target) })
        else if (moved && this.#scene.grid.at(to) === undefined)
          addBlock(this.#desk, 'python', { [way === 'out' ? 'parent' : 'child']: from, at: to })
      },
      after: () => (this.#scene.drawing = undefined),
    })
  }
  readonly resize = (event: PointerEvent, id: BlockId): void => {
    const block = this.#desk.store.graph.block(id)
    if (!block) return
    let size = block.size
    this.#follow(event, {
      move: (to) => {
        size = {
          w: Math.max(least.w, snapped(to.x - block.at.x)),
          h: Math.max(least.h, snapped(to.y - block.at.y)),
        }
        this.#scene.lift([{ id, at: block.at, size }])
        this.#eye.show()
      },
      end: () => {
        if (size.w !== block.size.w || size.h !== block.size.h)
          attempt(this.#desk, { op: 'resize', id, size })
      },
      after: () => {
        this.#scene.drop()
        this.#eye.show()
      },
    })
  }
  /** Nothing is pressed: the block or the edge under the pointer. */
  hover(event: { clientX: number; clientY: number }): void {
    const at = this.#eye.point(event)
    const over = this.#scene.grid.at(at)
    const near = this.#eye.zoom() >= farZoom
    const edge = over === undefined && near ? this.#scene.edgeAt(at, 10 / this.#eye.zoom()) : undefined
    if (edgeKeyOf(edge) !== edgeKeyOf(this.#scene.edge)) {
      this.#scene.edge = edge
      this.#scene.changed()
    }
    // From far away the block under the pointer gets a card of its own.
    const lone = near ? undefined : over
    if (lone === this.#scene.hover) return
    this.#scene.hover = lone
    this.#eye.show()
  }
  #follow(
    event: PointerEvent,
    to: { move: (at: Point) => void; end: (at: Point, moved: boolean) => void; after: () => void },
  ): void {
    const gesture = new AbortController()
    const { signal } = gesture
    let moved = false
    const finish = (last?: PointerEvent) => {
      gesture.abort()
      if (last) to.end(this.#eye.point(last), moved)
      to.after()
      this.#scene.changed()
    }
    const mine = (handle: (e: PointerEvent) => void) => (e: PointerEvent) =>
      e.pointerId === event.pointerId && handle(e)
    const move = mine((e) => {
      moved ||= Math.hypot(e.clientX - event.clientX, e.clientY - event.clientY) > 6
      to.move(this.#eye.point(e))
    })
    addEventListener('pointermove', move, { signal })
    addEventListener('pointerup', mine(finish), { signal })
    addEventListener('pointercancel', () => finish(), { signal })
    addEventListener('blur', () => finish(), { signal })
    const escape = (e: KeyboardEvent) => {
      if (e.key !== 'Escape') return
      e.stopPropagation()
      finish()
    }
    addEventListener('keydown', escape, { signal, capture: true })
  }
}

const edgeKeyOf = (edge: Edge | undefined) => edge && edgeKey(edge)
