import { sentenceOf } from '../api/problem'
import type { LogLine, LogPage, LogQuery } from './log'

const size = 200
const mostPages = 40

/** The pages of a log that somebody looks at. The oldest looked-at ones are forgotten. */
export class LogPages {
  total = 0
  problem: string | undefined
  readonly #read: (asked: LogQuery) => Promise<LogPage>
  readonly #search: string
  readonly #changed: () => void
  readonly #pages = new Map<number, readonly LogLine[]>()
  readonly #asked = new Set<number>()

  constructor(read: (asked: LogQuery) => Promise<LogPage>, search: string, changed: () => void) {
    this.#read = read
    this.#search = search
    this.#changed = changed
  }
  line(at: number): LogLine | undefined {
    return this.#pages.get(Math.floor(at / size))?.[at % size]
  }
  /** These lines are in view. */
  want(first: number, count: number): void {
    const last = Math.min(first + count, this.total) - 1
    for (let page = Math.floor(first / size); page <= Math.floor(last / size); page++)
      if (!this.#pages.has(page)) void this.#fetch(page)
  }
  /** The block wrote more, or began anew. */
  refresh(): void {
    const last = Math.max(0, Math.floor((this.total - 1) / size))
    void this.#fetch(last, true)
  }
  async #fetch(page: number, anew = false): Promise<void> {
    if (this.#asked.has(page)) return
    this.#asked.add(page)
    try {
      const search = this.#search ? { search: this.#search } : {}
      const found = await this.#read({ from: page * size, limit: size, ...search })
      // A shorter log is another attempt's.
      if (anew && found.total < this.total) this.#pages.clear()
      this.total = Math.max(found.total, anew ? 0 : this.total)
      this.problem = undefined
      this.#pages.set(page, found.lines)
      if (this.#pages.size > mostPages) this.#pages.delete(this.#pages.keys().next().value!)
    } catch (error) {
      this.problem = sentenceOf(error)
    } finally {
      this.#asked.delete(page)
    }
    this.#changed()
  }
}
