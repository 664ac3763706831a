import type { Person } from '../live/message'

/** The others on this canvas. */
export class People {
  readonly #here = new Map<string, Person>()
  #own: string | undefined
  /** How many are here beyond those of whom more is known, to two digits. */
  more = 0

  all(): readonly Person[] {
    return [...this.#here.values()]
  }
  /** A connection is there; `own` is its name, which is nobody else. */
  begin(own: string | undefined): void {
    this.#own = own
    this.#here.clear()
    this.more = 0
  }
  take({ people = [], others = this.more }: { people?: readonly Person[]; others?: number }): void {
    this.more = others
    for (const person of people) {
      if (person.gone) this.#here.delete(person.id)
      else if (person.id !== this.#own) this.#here.set(person.id, person)
    }
  }
}
