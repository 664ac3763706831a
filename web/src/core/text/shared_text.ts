import { collab, getSyncedVersion, receiveUpdates, sendableUpdates } from '@codemirror/collab'
import { history, redo, redoDepth, undo, undoDepth } from '@codemirror/commands'
import {
  ChangeSet,
  Compartment,
  EditorState,
  Text,
  Transaction,
  type Extension,
  type TransactionSpec,
} from '@codemirror/state'
import type { EditorView } from '@codemirror/view'
import type { TextChanges, TextUpdate } from '../../model/text'
import type { EditedText } from '../canvas/texts'

/** This page among those who type. */
const thisPage = crypto.randomUUID().slice(0, 13)

/**
 * A block's text as this page edits it: CodeMirror's state with its history and collaboration, with or without an editor
 * that shows it. It outlives the editor, so that typing can be undone later and sent once there is a connection.
 */
export class SharedText implements EditedText {
  readonly #look = new Compartment()
  readonly #onType: () => void
  #state: EditorState
  #view: EditorView | undefined

  /** `onType` hears of what was typed here; not of what others typed. */
  constructor(version: number, code: string, onType: () => void, client = thisPage) {
    this.#onType = onType
    this.#state = EditorState.create({
      doc: textOf(code),
      extensions: [collab({ startVersion: version, clientID: client }), history(), this.#look.of([])],
    })
  }
  get state(): EditorState {
    return this.#view?.state ?? this.#state
  }
  get code(): string {
    return this.state.doc.toString()
  }
  get version(): number {
    return getSyncedVersion(this.state)
  }
  /** Show it in an editor with these extensions; returns how to take that away again. */
  show(makeView: (state: EditorState) => EditorView, extensions: Extension): () => void {
    this.#state = this.#state.update({ effects: this.#look.reconfigure(extensions) }).state
    const view = (this.#view = makeView(this.#state))
    return () => {
      if (this.#view !== view) return
      this.#view = undefined
      this.#state = view.state.update({ effects: this.#look.reconfigure([]) }).state
      view.destroy()
    }
  }
  /** For the editor: its transactions. */
  took(transactions: readonly Transaction[]): void {
    if (transactions.some((t) => t.docChanged && !t.annotation(Transaction.remote))) this.#onType()
  }
  receive(updates: readonly TextUpdate[]): void {
    this.#dispatch(
      receiveUpdates(
        this.state,
        updates.map((u) => ({ clientID: u.client, changes: ChangeSet.fromJSON(u.changes) })),
      ),
    )
  }
  sendable(): readonly TextUpdate[] {
    return sendableUpdates(this.state).map((u) => ({
      client: u.clientID,
      changes: u.changes.toJSON() as TextChanges,
    }))
  }
  get depth(): number {
    return undoDepth(this.state)
  }
  goTo(depth: number): number | undefined {
    const before = this.depth
    const step = depth < before ? undo : redo
    const target = { state: this.state, dispatch: (t: Transaction) => this.#dispatch(t) }
    const left = () => (step === undo ? undoDepth(this.state) : redoDepth(this.state))
    while (this.depth !== depth && left() > 0 && step({ ...target, state: this.state }));
    if (this.depth === before) return undefined
    this.#onType()
    return before
  }
  replace(changes: TextChanges): void {
    this.#dispatch({ changes: ChangeSet.fromJSON(changes), userEvent: 'restore' })
    this.#onType()
  }
  #dispatch(what: Transaction | TransactionSpec): void {
    if (this.#view) this.#view.dispatch(what)
    else this.#state = 'state' in what ? what.state : this.#state.update(what).state
  }
}

/** Lines are parted by \n alone, as the server counts; a \r stays a character. */
function textOf(code: string): Text {
  return Text.of(code.split('\n'))
}
