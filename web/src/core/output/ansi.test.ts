import { expect, test } from 'vitest'
import { ansi } from './ansi'
import { formOf } from './output'

test('colours and bold end where they end', () => {
  expect(ansi('a \x1b[1;31mb\x1b[0m c')).toEqual([
    { text: 'a ' },
    { text: 'b', colour: 'red', bold: true },
    { text: ' c' },
  ])
})
test('a carriage return starts the line anew', () => {
  expect(ansi('1 %\r50 %\r100 %\ndone\r\n')).toEqual([{ text: '100 %\ndone\r\n' }])
})
test('other escapes leave no trace', () => {
  expect(ansi('\x1b[2Ka\x1b]0;title\x07b')).toEqual([{ text: 'a' }, { text: 'b' }])
})
test('what may hold a script is shown in a frame', () => {
  expect(formOf({ 'text/html': '<script>1</script>', 'text/plain': 'x' })).toBe('frame')
  expect(formOf({ 'image/svg+xml': '<svg/>' })).toBe('frame')
  expect(formOf({ 'text/html': '<table class="dataframe">' })).toBe('table')
  expect(formOf({ 'text/plain': 'x' })).toBe('text')
})
