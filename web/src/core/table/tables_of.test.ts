import { expect, test } from 'vitest'
import { tablesOf } from './tables_of'

const block = {
  id: 'b',
  kind: 'python',
  name: 'clean',
  at: { x: 0, y: 0 },
  size: { w: 1, h: 1 },
  settings: {},
} as const
const variable = (name: string, origin: string, table = true) => ({
  ...{ name, origin, table, type: 'DataFrame', shape: [], bytes: 0, preview: '', carried: true },
})
const all = [
  variable('raw', 'load'),
  variable('kept', 'clean'),
  variable('sums', 'clean'),
  variable('n', 'clean', false),
]

test.each([
  ['kept = raw.dropna()\nkept.head()  # few\n', ['kept']],
  ['raw\n', ['raw']],
  ['raw[\n  "a"\n]\n', ['kept', 'sums']],
  ['n\n', ['kept', 'sums']],
  ['', ['kept', 'sums']],
])('of %j it may be %j', (code, names) => expect(tablesOf({ ...block, code }, all)).toEqual(names))
test('a block that made none shows what it has', () => {
  expect(tablesOf({ ...block, code: 'print(1)' }, [all[0]!])).toEqual(['raw'])
})
