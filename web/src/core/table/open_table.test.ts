import { describe, expect, it } from 'vitest'
import { everything, type TableValue } from '../../model/table'
import { OpenTable } from './open_table'
import type { Asked, Found, OnProgress, Page, TableAbout, TableSource } from './table_source'

const about: TableAbout = {
  attempt: 'r1/load.1',
  variable: 'df',
  type: 'pandas.DataFrame',
  origin: 'load',
  rows: 100_000,
  stored_rows: 100_000,
  complete: true,
  columns: [{ name: 'n', type: 'int64', kind: 'integer', sortable: true }],
}
interface Question {
  asked: Asked
  signal: AbortSignal
  progress: OnProgress
  answer: (count?: number) => void
  refuse: (error: Error) => void
}
/** A source whose answers come when the test says so. */
function source(): TableSource & { questions: Question[] } {
  const questions: Question[] = []
  return {
    questions,
    about: () => Promise.resolve(about),
    rows: (asked, signal, progress) =>
      new Promise<Found<Page>>((resolve, reject) => {
        const answer = (count = 100_000) => {
          const first = asked.offset ?? 0
          const rows = Array.from({ length: Math.min(asked.limit ?? 0, count - first) }, (_, i) => first + i)
          resolve({ count, result: { rows, columns: [rows as TableValue[]] } })
        }
        questions.push({ asked, signal, progress, answer, refuse: reject })
      }),
    summary: () => Promise.resolve({ count: 1, result: { rows: 1, missing: 0 } }),
    cells: () => Promise.resolve({ count: 1, result: { count: 1, missing: 0, numbers: 0 } }),
  }
}
const settled = () => new Promise((resolve) => setTimeout(resolve, 0))

describe('an open table', () => {
  it('fetches the pages in sight, each once, of the attempt that it was opened with', async () => {
    const from = source()
    const table = new OpenTable(from)
    await settled()
    table.see({ first: 150, end: 260 })
    table.see({ first: 150, end: 260 })
    expect(from.questions.map(({ asked }) => asked.offset)).toEqual([0, 200])
    expect(from.questions[0]!.asked.attempt).toBe('r1/load.1')
    expect(table.value(205, 0)).toBeUndefined()
    from.questions[1]!.answer()
    await settled()
    expect(table.value(205, 0)).toBe(205)
  })
  it('drops an answer to a question that is no longer asked, and stops it', async () => {
    const from = source()
    const table = new OpenTable(from)
    await settled()
    table.see({ first: 0, end: 10 })
    table.ask({ ...everything, search: 'x' })
    expect(from.questions[0]!.signal.aborted).toBe(true)
    from.questions[0]!.answer(7)
    await settled()
    expect(table.count).toBeUndefined()
    from.questions[1]!.answer(3)
    await settled()
    expect(table.count).toBe(3)
    expect(table.value(2, 0)).toBe(2)
  })
  it('says how far long work is, and what is wrong with a query', async () => {
    const from = source()
    const table = new OpenTable(from)
    await settled()
    table.ask({ ...everything, sort: [{ column: 0, descending: true }] })
    from.questions[0]!.progress(0.4)
    expect(table.done).toBe(0.4)
    from.questions[0]!.refuse(new Error('`x` is no number'))
    await settled()
    expect(table.problem).toBe('`x` is no number')
    expect(table.done).toBeUndefined()
    table.ask(everything)
    expect(table.problem).toBeUndefined()
  })
  it('keeps a bounded number of pages', async () => {
    const from = source()
    const table = new OpenTable(from)
    await settled()
    for (let page = 0; page < 100; page++) {
      table.see({ first: page * 200, end: page * 200 + 1 })
      from.questions.at(-1)!.answer()
      await settled()
    }
    expect(table.value(99 * 200, 0)).toBe(99 * 200)
    expect(table.value(0, 0)).toBeUndefined()
  })
})
