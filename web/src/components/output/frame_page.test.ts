import { expect, test } from 'vitest'
import { framePage, scriptData, scriptText } from './frame_page'

const look = { ink: 'black', line: 'grey', dark: false }

test('the policy stands before anything of the output and allows no connection', () => {
  const page = framePage('<script>fetch("/api")</script>', look)
  expect(page.indexOf('Content-Security-Policy')).toBeLessThan(page.indexOf('<script>'))
  expect(page).toContain("default-src 'none'")
  expect(page).not.toMatch(/connect-src|allow-same-origin/)
})
test('data cannot end the script that holds it', () => {
  expect(scriptData({ a: '</script><script>alert(1)' })).not.toContain('</script>')
  expect(JSON.parse(scriptData({ a: '</script>\u2028' }))).toEqual({ a: '</script>\u2028' })
})
test('a library that speaks of script tags stays one script', () => {
  expect(scriptText('x="</SCRIPT>";y="<!--"')).toBe('x="<\\/SCRIPT>";y="<\\!--"')
})
