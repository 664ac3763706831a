import { expect, test } from 'vitest'
import { savedOf } from './save'

const of = (data: Record<string, unknown>) => savedOf({ type: 'display', data })

test('an output is saved as what it is', () => {
  expect(of({ 'image/png': 'AQID' })).toMatchObject({ ending: 'png', content: new Uint8Array([1, 2, 3]) })
  expect(of({ 'image/svg+xml': '<svg>%</svg>' })).toMatchObject({ ending: 'svg', content: '<svg>%</svg>' })
  expect(of({ 'text/html': '<p>' })).toMatchObject({ ending: 'html', content: '<p>' })
  expect(of({ 'application/json': { a: 1 } }).ending).toBe('json')
  expect(savedOf({ type: 'text', stream: 'stdout', text: 'x' })).toMatchObject({
    ending: 'txt',
    content: 'x',
  })
})
