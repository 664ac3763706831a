import { levelAt, viewRect, type View } from '../../model/visible'
import type { Size } from '../../model/rect'
import { paint, paintColours, type Colours } from './paint'
import type { Scene } from './scene'

const budgetMoving = 4
const budgetIdle = 12
/** Frames without a move after which the view rests. */
const restAfter = 3

interface Painted extends View {
  readonly margin: Size
}

/**
 * Keeps the `<canvas>` under the cards right, and decides which blocks have cards.
 *
 * The bitmap is 1.7 times as large as the window and is moved by a CSS transform while the view moves; it is painted
 * anew when it no longer covers the window, is scaled too much, or the view rests and something changed.
 */
export class Painter {
  readonly counters = { paints: 0, paintMs: 0 }
  readonly #element: HTMLCanvasElement
  readonly #scene: Scene
  readonly #look: () => { view: View; size: Size }
  readonly #publish: () => void
  #colours: Colours
  #frame = 0
  #painted: Painted | undefined
  #dirty = true
  #idle = 9
  #odd = false

  constructor(
    element: HTMLCanvasElement,
    scene: Scene,
    look: () => { view: View; size: Size },
    publish: () => void,
  ) {
    this.#element = element
    this.#scene = scene
    this.#look = look
    this.#publish = publish
    this.#colours = paintColours(element)
  }
  moved(): void {
    this.#idle = 0
    this.#schedule()
  }
  dirty(): void {
    this.#dirty = true
    this.#schedule()
  }
  /** Blocks that must have a card changed: make them at once. */
  pinned(): void {
    if (this.#scene.mounts.pin()) this.dirty()
  }
  themed(): void {
    this.#colours = paintColours(this.#element)
    this.dirty()
  }
  stop(): void {
    cancelAnimationFrame(this.#frame)
  }
  #schedule(): void {
    if (!this.#frame) this.#frame = requestAnimationFrame(() => this.#step())
  }
  #step(): void {
    this.#frame = 0
    const { view, size } = this.#look()
    if (!size.w) return this.#schedule()
    // What is seen first is there in one step.
    const resting = this.#idle >= restAfter || !this.#painted
    if (this.#mount(view, size, resting)) this.#schedule()
    if (!this.#slide(view, size, resting)) this.#paint(view, size)
    if (this.#idle++ < restAfter + 2) this.#schedule()
  }
  /** Take a step towards the cards that should be there; true if more are missing. */
  #mount(view: View, size: Size, resting: boolean): boolean {
    const { grid, mounts } = this.#scene
    const far = levelAt(view.zoom) === 'far'
    const want = far ? [] : grid.inside(viewRect(view, size, { w: 40, h: 40 }))
    const around = { w: size.w * 0.3, h: size.h * 0.3 }
    const keep = new Set(far ? [] : grid.inside(viewRect(view, size, around)))
    // While it moves, every second frame is free of mounting.
    const budget = resting ? budgetIdle : this.#odd ? budgetMoving : 0
    this.#odd = !this.#odd
    if ((resting || budget > 0) && mounts.step(want, keep, budget)) {
      this.#dirty = true
      this.#publish()
    }
    return want.some((id) => !mounts.set.has(id))
  }
  /** Move the bitmap to where it belongs now; false if it must be painted anew. */
  #slide(view: View, size: Size, resting: boolean): boolean {
    const old = this.#painted
    if (!old) return false
    const scale = view.zoom / old.zoom
    const left = view.x - (old.x + old.margin.w) * scale
    const top = view.y - (old.y + old.margin.h) * scale
    const covers =
      left <= 0 &&
      top <= 0 &&
      left + (size.w + 2 * old.margin.w) * scale >= size.w &&
      top + (size.h + 2 * old.margin.h) * scale >= size.h
    if (!covers || scale >= 2) return false
    if (resting && (this.#dirty || scale !== 1)) return false
    this.#element.style.transform = `translate(${left}px,${top}px) scale(${scale})`
    return true
  }
  #paint(view: View, size: Size): void {
    const started = performance.now()
    const margin = { w: Math.round(size.w * 0.35), h: Math.round(size.h * 0.35) }
    const pixelRatio = Math.min(2, devicePixelRatio)
    const width = size.w + 2 * margin.w
    const height = size.h + 2 * margin.h
    const element = this.#element
    if (
      element.width !== Math.round(width * pixelRatio) ||
      element.height !== Math.round(height * pixelRatio)
    ) {
      element.width = Math.round(width * pixelRatio)
      element.height = Math.round(height * pixelRatio)
      element.style.width = `${width}px`
      element.style.height = `${height}px`
    }
    const bitmap = {
      context: element.getContext('2d')!,
      pixelRatio,
      origin: { x: -margin.w, y: -margin.h },
    }
    paint(bitmap, this.#scene, view, viewRect(view, size, margin), this.#colours)
    element.style.transform = `translate(${-margin.w}px,${-margin.h}px)`
    this.#painted = { ...view, margin }
    this.#dirty = false
    this.counters.paints++
    this.counters.paintMs += performance.now() - started
  }
}
