import { describe, expect, it } from 'vitest'
import { csvOf, everything, inWords, operationsOf, shown, turned, type TableColumn } from './table'
import { pandasCode } from './table_code'
import {
  inSight,
  isIn,
  moved,
  pagesIn,
  placed,
  rangeOf,
  rowsIn,
  windowRows,
  windowsOf,
  windowWith,
} from './table_window'

const columns: readonly TableColumn[] = [
  { name: 'id', type: 'int64', kind: 'integer', sortable: true, index: 0 },
  { name: 'price', type: 'double', kind: 'float', sortable: true },
  { name: 'place "x"', type: 'string', kind: 'text', sortable: true },
  { name: 'when', type: 'timestamp[us, tz=UTC]', kind: 'time', sortable: true },
  { name: 'twice', type: 'int8', kind: 'integer', sortable: true },
  { name: 'twice', type: 'int8', kind: 'integer', sortable: true },
  { name: 'tags', type: 'list<item: int8>', kind: 'other' },
]

describe('sorting', () => {
  it('turns up, down and off, and stands beside others with Shift', () => {
    const up = turned([], 1, false)
    expect(up).toEqual([{ column: 1, descending: false }])
    const down = turned(up, 1, false)
    expect(down).toEqual([{ column: 1, descending: true }])
    expect(turned(down, 1, false)).toEqual([])
    expect(turned(down, 2, false)).toEqual([{ column: 2, descending: false }])
    const both = turned(down, 2, true)
    expect(both).toEqual([...down, { column: 2, descending: false }])
    expect(turned(both, 1, true)).toEqual([{ column: 2, descending: false }])
  })
})

describe('values', () => {
  it('tell null and NaN from texts that read the same', () => {
    expect(shown(null)).toEqual({ text: 'null', word: true })
    expect(shown('null')).toEqual({ text: 'null', word: false })
    expect(shown({ is: 'NaN' })).toEqual({ text: 'NaN', word: true })
    expect(shown({ is: '-Infinity' })).toEqual({ text: '-∞', word: false })
    expect(shown({ cut: 'abc', bytes: 9 }).text).toBe('abc…')
  })
  it('are quoted in CSV where they must be', () => {
    expect(
      csvOf(
        ['a', 'b,c'],
        [
          ['x"y', null],
          [1, { is: 'NaN' }],
        ],
      ),
    ).toBe('a,"b,c"\r\n"x""y",\r\n1,')
  })
  it('that have no order can only be missing', () => {
    expect(operationsOf(columns[6]!)).toEqual(['missing', 'not_missing'])
    expect(operationsOf(columns[2]!)[0]).toBe('contains')
  })
  it('are said in words', () => {
    expect(inWords({ column: 1, is: '>=', values: ['5'] }, columns)).toBe('price ≥ 5')
    expect(inWords({ column: 1, is: 'between', values: ['1', '2'] }, columns)).toBe('price between 1 and 2')
    expect(inWords({ column: 2, is: 'missing', values: [] }, columns)).toBe('place "x" is missing')
  })
})

describe('windows of rows', () => {
  it('cover every row once, also beyond what one scroll bar can', () => {
    expect(windowsOf(100_000_000)).toBe(Math.ceil(100_000_000 / windowRows))
    const last = windowWith(99_999_999, 100_000_000)
    expect(last.end).toBe(100_000_000)
    expect(last.first % windowRows).toBe(0)
    expect(windowWith(5, 0)).toEqual({ first: 0, end: 0 })
    expect(windowWith(10 ** 12, 10)).toEqual({ first: 0, end: 10 })
  })
  it('draw what is in sight and a little more', () => {
    const window = { first: windowRows, end: windowRows + 1000 }
    expect(rowsIn(window, 0, 240, 0)).toEqual({ first: windowRows, end: windowRows + 10 })
    expect(rowsIn(window, 24_000 - 240, 240, 8).end).toBe(windowRows + 1000)
    expect(pagesIn({ first: 199, end: 401 })).toEqual([0, 1, 2])
  })
  it('draw only the columns in sight', () => {
    const all = placed([3, 1, 2], () => 500)
    expect(all[2]).toEqual({ column: 2, left: 1000, width: 500 })
    expect(inSight(all, 0, 100).map((one) => one.column)).toEqual([3])
  })
  it('are walked by keys without leaving the table', () => {
    const at = { row: 0, column: 0 }
    expect(moved(at, 'ArrowUp', false, 10, 3, 5)).toEqual(at)
    expect(moved(at, 'PageDown', false, 10, 3, 5)).toEqual({ row: 5, column: 0 })
    expect(moved(at, 'End', true, 10, 3, 5)).toEqual({ row: 9, column: 2 })
    expect(moved(at, 'x', false, 10, 3, 5)).toBeUndefined()
    const range = rangeOf({ row: 4, column: 2 }, { row: 1, column: 0 })
    expect(isIn(range, 1, 2)).toBe(true)
    expect(isIn(range, 5, 2)).toBe(false)
  })
})

describe('code of a view', () => {
  it('is the frame itself when nothing is asked', () => {
    expect(pandasCode('df', columns, everything)).toBe('df_selected = df\ndf_selected')
  })
  it('filters as the table does: what is missing meets no comparison', () => {
    const code = pandasCode('df', columns, {
      where: [
        { column: 1, is: '!=', values: ['5'] },
        { column: 2, is: 'contains', values: ['a"b\\'] },
        { column: 3, is: '>=', values: ['2024-02-29'] },
      ],
      sort: [{ column: 1, descending: true }],
      search: '',
    })
    expect(code).toBe(
      [
        'import pandas as pd',
        '',
        'df_selected = df[',
        '    ((df["price"] != 5) & df["price"].notna())',
        '    & (df["place \\"x\\""].str.contains("a\\"b\\\\", case=False, regex=False, na=False))',
        '    & ((df["when"] >= pd.Timestamp("2024-02-29Z")))',
        ']',
        'df_selected = df_selected.sort_values("price", ascending=False, kind="stable")',
        'df_selected',
      ].join('\n'),
    )
  })
  it('means a column by its place where two have one name', () => {
    expect(
      pandasCode('df', columns, { ...everything, where: [{ column: 5, is: '=', values: ['1'] }] }),
    ).toContain('df.iloc[:, 4] == 1')
  })
})
