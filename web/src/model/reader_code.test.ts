import { expect, test } from 'vitest'
import { nameProblem } from './block'
import { readerCode } from './reader_code'

test('a table is read into a frame that is called like its file', () => {
  expect(readerCode('Sales 2024.csv')).toEqual({
    name: 'sales_2024',
    code: 'import pandas as pd\n\nsales_2024 = pd.read_csv("Sales 2024.csv")\nsales_2024.head()\n',
  })
  expect(readerCode('a.TSV').code).toContain('sep="\\t"')
})

test('what is no table is read as text or as bytes', () => {
  expect(readerCode('notes.txt').code).toContain('notes = Path("notes.txt").read_text()')
  expect(readerCode('photo.JPG').code).toContain('photo = Path("photo.JPG").read_bytes()')
  expect(readerCode('README').name).toBe('readme')
})

test('a name that Python does not take becomes one that it takes', () => {
  for (const file of ['2024.csv', 'für.csv', 'import.csv', '….csv', 'pd.csv', '.hidden', 'x$&"y.csv']) {
    const { name, code } = readerCode(file)
    expect(nameProblem(name), file).toBeUndefined()
    expect(code).toContain(JSON.stringify(file))
  }
  expect(readerCode('2024.csv').name).toBe('data_2024')
  expect(readerCode('import.csv').name).toBe('data_import')
})
