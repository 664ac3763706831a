import { expect, test } from 'vitest'
import { framePage, scriptData } from './frame_page'

test('the policy stands before anything of the output and allows no connection', () => {
  const page = framePage('<script>fetch("/api")</script>', 'black')
  expect(page.indexOf('Content-Security-Policy')).toBeLessThan(page.indexOf('<script>'))
  expect(page).toContain("default-src 'none'")
  expect(page).not.toMatch(/connect-src|allow-same-origin/)
})
test('data cannot end the script that holds it', () => {
  expect(scriptData({ a: '</script><script>alert(1)' })).not.toContain('</script>')
})
