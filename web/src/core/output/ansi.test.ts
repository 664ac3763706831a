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
test('256 and true colours become one of the eight', () => {
  expect(ansi('\x1b[38;5;196mr\x1b[38;2;0;200;10mg\x1b[4mu\x1b[0m')).toEqual([
    { text: 'r', colour: 'red' },
    { text: 'g', colour: 'green' },
    { text: 'u', colour: 'green', underline: true },
  ])
})
test('a link of a terminal leaves its text', () => {
  expect(ansi('\x1b]8;;javascript:alert(1)\x1b\\here\x1b]8;;\x1b\\')).toEqual([{ text: 'here' }])
})
test('what may hold a script is shown in a frame', () => {
  expect(formOf({ 'text/html': '<script>1</script>', 'text/plain': 'x' })).toBe('frame')
  expect(formOf({ 'application/vnd.plotly.v1+json': {} })).toBe('plotly')
  expect(formOf({ 'application/vnd.vegalite.v5+json': {} })).toBe('vega')
  expect(formOf({ 'text/html': '<table class="dataframe">' })).toBe('table')
  expect(formOf({ 'text/plain': 'x' })).toBe('text')
})
