import type { Command } from './command'

/** A key press in the words of the command list; Ctrl is Cmd on macOS. */
export interface Press {
  readonly key: string
  readonly ctrlKey: boolean
  readonly metaKey: boolean
  readonly shiftKey: boolean
  readonly altKey: boolean
}

export function chordOf(press: Press): string {
  const key = press.key === ' ' ? 'Space' : press.key.length === 1 ? press.key.toUpperCase() : press.key
  const letter = /^[A-Z]$|^.{2,}$/.test(key)
  return [
    press.ctrlKey || press.metaKey ? 'Ctrl' : '',
    press.altKey ? 'Alt' : '',
    // The shift of `?` and `+` is in the character already.
    press.shiftKey && letter ? 'Shift' : '',
    key,
  ]
    .filter(Boolean)
    .join('+')
}

/** Finds the command of key presses; remembers the first key of two for a while. */
export class Keymap {
  readonly #commands = new Map<string, Command>()
  readonly #firsts = new Set<string>()
  #first: { chord: string; atMs: number } | undefined

  constructor(commands: readonly Command[]) {
    for (const command of commands)
      for (const keys of command.keys) {
        this.#commands.set(keys, command)
        const [first, second] = keys.split(' ')
        if (second !== undefined) this.#firsts.add(first!)
      }
  }
  /** The command of this press; `'wait'` if a second key must follow; undefined for no command. */
  press(press: Press, nowMs: number): Command | 'wait' | undefined {
    const chord = chordOf(press)
    const first = this.#first && nowMs - this.#first.atMs < 1500 ? this.#first.chord : undefined
    this.#first = undefined
    const both = first !== undefined ? this.#commands.get(`${first} ${chord}`) : undefined
    if (both) return both
    if (this.#firsts.has(chord)) {
      this.#first = { chord, atMs: nowMs }
      return 'wait'
    }
    return this.#commands.get(chord)
  }
}

/** Keys that act only on the stage: they would be text elsewhere, or move a cursor. */
export function stageOnly(press: Press): boolean {
  return !(press.ctrlKey || press.metaKey) || /^[zacdv]$/i.test(press.key)
}
