import { everything, type Query, type TableValue } from '../../model/table'
import { pageRows, pagesIn, type Span } from '../../model/table_window'
import { sentenceOf } from '../api/problem'
import type { Asked, Cells, Page, Summary, TableAbout, TableSource } from './table_source'

const mostPages = 60
const mostSummaries = 2

/**
 * An open table: its query, the pages that were looked at last, and summaries of columns. Whoever draws it says which rows
 * and columns are in sight, and hears when something came. Of the page's one thread.
 */
export class OpenTable {
  about: TableAbout | undefined
  query: Query = everything
  /** Rows that the query selects; undefined while it is not known. */
  count: number | undefined
  /** How far the work that rows wait for is, 0 to 1. */
  done: number | undefined
  problem: string | undefined
  version = 0
  readonly #source: TableSource
  readonly #listeners = new Set<() => void>()
  readonly #pages = new Map<number, Page | 'asked'>()
  readonly #summaries = new Map<number, Summary | 'asked' | 'failed'>()
  readonly #wanted: number[] = []
  #columns: readonly number[] = []
  #stop = new AbortController()
  #stopSummaries = new AbortController()
  #asking = 0

  constructor(source: TableSource) {
    this.#source = source
    source.about().then(
      (about) => {
        this.about = about
        this.count = about.stored_rows
        this.#columns = about.columns.map((_, n) => n).slice(0, 1000)
        this.#tell()
      },
      (error: unknown) => this.#fail(error),
    )
  }
  listen = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
  leave(): void {
    this.#stop.abort()
    this.#stopSummaries.abort()
  }

  /** Look at other rows, from now on. What was under way is stopped. */
  ask(query: Query): void {
    const before = this.query
    this.query = query
    this.#restart()
    if (JSON.stringify([query.where, query.search]) !== JSON.stringify([before.where, before.search])) {
      this.count = undefined
      this.#stopSummaries.abort()
      this.#stopSummaries = new AbortController()
      this.#summaries.clear()
      this.#wanted.length = 0
      this.#asking = 0
    }
    this.see({ first: 0, end: 1 })
    this.#tell()
  }
  /** Give up what is under way and look at the rows as they were stored. */
  stop(): void {
    this.ask({ ...everything })
  }
  /** Fetch the pages of rows that are in sight. */
  see(rows: Span): void {
    if (!this.about || this.problem !== undefined) return
    const end = Math.min(rows.end, this.count ?? pageRows)
    for (const page of pagesIn({ first: rows.first, end })) {
      const known = this.#pages.get(page)
      if (known === undefined) this.#fetch(page)
      else if (known !== 'asked') {
        this.#pages.delete(page)
        this.#pages.set(page, known)
      }
    }
  }
  value(row: number, column: number): TableValue | undefined {
    const page = this.#pages.get(Math.floor(row / pageRows))
    if (page === undefined || page === 'asked') return undefined
    return page.columns[column]?.[row % pageRows]
  }
  /** The number that a row has in the stored table. */
  numberOf(row: number): number | undefined {
    const page = this.#pages.get(Math.floor(row / pageRows))
    return page === undefined || page === 'asked' ? undefined : page.rows[row % pageRows]
  }
  /** What a column holds; asked for when it is looked at first. */
  summary(column: number): Summary | undefined {
    const known = this.#summaries.get(column)
    if (known === undefined) {
      this.#summaries.set(column, 'asked')
      this.#wanted.push(column)
      queueMicrotask(() => this.#nextSummary())
    }
    return typeof known === 'object' ? known : undefined
  }
  cells(rows: Span, columns: readonly number[], signal: AbortSignal): Promise<Cells> {
    const asked = this.#asked({ offset: rows.first, limit: rows.end - rows.first, columns })
    return this.#source.cells(asked, signal, () => undefined).then((found) => found.result)
  }
  /** Rows to copy, fetched if they are not here. */
  async copy(rows: Span, columns: readonly number[]): Promise<readonly (readonly TableValue[])[]> {
    const out: (readonly TableValue[])[] = []
    for (let first = rows.first; first < rows.end; first += 1000) {
      const asked = this.#asked({ offset: first, limit: Math.min(1000, rows.end - first), columns })
      const { result } = await this.#source.rows(asked, new AbortController().signal, () => undefined)
      result.rows.forEach((_, i) => out.push(result.columns.map((values) => values[i] ?? null)))
    }
    return out
  }
  exportUrl(): string | undefined {
    return this.about && this.#source.exportUrl?.(this.#asked({}))
  }

  #asked(more: Partial<Asked>): Asked {
    return { ...this.query, attempt: this.about!.attempt, ...more }
  }
  #restart(): void {
    this.#stop.abort()
    this.#stop = new AbortController()
    this.#pages.clear()
    this.done = undefined
    this.problem = undefined
  }
  #fetch(page: number): void {
    const { signal } = this.#stop
    this.#pages.set(page, 'asked')
    const asked = this.#asked({ offset: page * pageRows, limit: pageRows, columns: this.#columns })
    const progress = (done: number) => {
      if (signal.aborted) return
      this.done = done
      this.#tell()
    }
    this.#source.rows(asked, signal, progress).then(
      ({ count, result }) => {
        if (signal.aborted) return
        this.count = count
        this.done = undefined
        this.#pages.set(page, result)
        for (const [old, kept] of this.#pages) {
          if (this.#pages.size <= mostPages) break
          if (kept !== 'asked') this.#pages.delete(old)
        }
        this.#tell()
      },
      (error: unknown) => {
        if (signal.aborted) return
        this.#pages.delete(page)
        this.#fail(error)
      },
    )
  }
  #nextSummary(): void {
    if (!this.about || this.#asking >= mostSummaries) return
    const column = this.#wanted.shift()
    if (column === undefined) return
    const { signal } = this.#stopSummaries
    this.#asking++
    this.#source
      .summary({ ...this.#asked({ column }), sort: [] }, signal, () => undefined)
      .then(
        ({ result }) => !signal.aborted && this.#summaries.set(column, result),
        () => !signal.aborted && this.#summaries.set(column, 'failed'),
      )
      .finally(() => {
        if (signal.aborted) return
        this.#asking--
        this.#tell()
        this.#nextSummary()
      })
    this.#nextSummary()
  }
  #fail(error: unknown): void {
    this.problem = sentenceOf(error)
    this.done = undefined
    this.#tell()
  }
  #tell(): void {
    this.version++
    for (const listener of this.#listeners) listener()
  }
}
