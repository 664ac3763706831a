import { expect, test } from 'vitest'
import { rendered } from './markdown'

const shown = (text: string) => rendered(text, (tex) => `<math>${tex.length}</math>`)

test('links lead out, and only out', () => {
  expect(shown('[a](https://x.example/y)')).toContain('rel="noopener noreferrer nofollow"')
  for (const bad of [
    'javascript:alert(1)',
    '/api/v1/session',
    'data:text/html,x',
    '//evil.example',
    'vbscript:x',
    '#top',
  ])
    expect(shown(`[a](${bad})`)).not.toContain('href')
})
test('pictures are data, nothing else', () => {
  expect(shown('![p](data:image/png;base64,AAAA)')).toContain(
    '<img src="data:image/png;base64,AAAA" alt="p">',
  )
  for (const bad of ['/api/v1/session', 'https://evil.example/p.png', 'data:image/svg+xml,<svg>'])
    expect(shown(`![p](${bad})`)).not.toContain('<img')
})
test('html is text', () => expect(shown('<img src=x onerror=alert(1)>')).not.toContain('<img'))
test('formulas, and money', () => {
  expect(shown('$a+b$')).toContain('<math>3</math>')
  expect(shown('$$\\frac12$$')).toContain('<math>7</math>')
  expect(shown('between $5 and $6')).toContain('$5 and $6')
})
