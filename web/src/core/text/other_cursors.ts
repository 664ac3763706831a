import { StateEffect, StateField, type Extension } from '@codemirror/state'
import { Decoration, EditorView, ViewPlugin, WidgetType, type DecorationSet } from '@codemirror/view'
import type { BlockId } from '../../model/block'
import type { Person } from '../live/message'
import type { CanvasStore } from '../canvas/store'
import { colourOf } from '../session/colour'

type Who = Pick<Person, 'id' | 'name' | 'user'> & { anchor: number; head: number }
const setOthers = StateEffect.define<readonly Who[]>()
const mine = 80

class Caret extends WidgetType {
  readonly #who: Who
  constructor(who: Who) {
    super()
    this.#who = who
  }
  override eq(other: Caret): boolean {
    return other.#who.id === this.#who.id && other.#who.name === this.#who.name
  }
  toDOM(): HTMLElement {
    const caret = document.createElement('span')
    caret.className = `other-caret ${colourOf(this.#who.user)}`
    const name = caret.appendChild(document.createElement('b'))
    name.textContent = this.#who.name
    return caret
  }
  override ignoreEvent(): boolean {
    return true
  }
}

const field = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(found, transaction) {
    found = found.map(transaction.changes)
    for (const effect of transaction.effects)
      if (effect.is(setOthers)) {
        const length = transaction.state.doc.length
        const ranges = effect.value.flatMap((who) => {
          const [anchor, head] = [Math.min(who.anchor, length), Math.min(who.head, length)]
          const caret = Decoration.widget({ widget: new Caret(who), side: 1 }).range(head)
          if (anchor === head) return [caret]
          const look = Decoration.mark({ class: `other-selection ${colourOf(who.user)}` })
          return [look.range(Math.min(anchor, head), Math.max(anchor, head)), caret]
        })
        found = Decoration.set(ranges, true)
      }
    return found
  },
  provide: (of) => EditorView.decorations.from(of),
})

/** The cursors of the others in this block; and one's own, told a few times a second. */
export function otherCursors(store: CanvasStore, block: BlockId): Extension {
  const plugin = ViewPlugin.define((view) => {
    let known: readonly Person[] = []
    let timer: ReturnType<typeof setTimeout> | undefined
    const tell = () => {
      timer = undefined
      const { anchor, head } = view.state.selection.main
      store.moveCursor({ id: block, anchor, head })
    }
    const show = () => {
      const people = store.people().filter((p) => p.block === block)
      if (people.length === known.length && people.every((p, i) => p === known[i])) return
      known = people
      const others = people.map((p) => ({ ...p, anchor: p.anchor ?? 0, head: p.head ?? 0 }))
      view.dispatch({ effects: setOthers.of(others) })
    }
    const stop = store.onChange(show)
    queueMicrotask(() => {
      show()
      tell()
    })
    return {
      update({ selectionSet, docChanged }) {
        if ((selectionSet || docChanged) && timer === undefined) timer = setTimeout(tell, mine)
      },
      destroy() {
        stop()
        clearTimeout(timer)
      },
    }
  })
  return [field, plugin]
}
