import { expect, test } from 'vitest'
import { found } from './found'

const named = (...titles: string[]) => titles.map((title) => ({ title }))
const titles = (entries: readonly { title: string }[]) => entries.map(({ title }) => title)

test('a block of the very name comes before variables that contain it', () => {
  const all = named('constrain', 'test_train', 'train_birds', 'train')
  expect(titles(found(all, 'train'))).toEqual(['train', 'train_birds', 'test_train', 'constrain'])
})

test('without words all are there in their order; words may come in any order', () => {
  const all = named('Run changed', 'Run all', 'Fit all')
  expect(titles(found(all, ''))).toEqual(['Run changed', 'Run all', 'Fit all'])
  expect(titles(found(all, 'all run'))).toEqual(['Run all'])
})

test('other words find, after those that are called so', () => {
  const all = [{ title: 'Export', also: 'download save' }, { title: 'Download the log' }]
  expect(titles(found(all, 'download'))).toEqual(['Download the log', 'Export'])
})
