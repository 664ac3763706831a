import { expect, test } from 'vitest'
import { commands } from './commands'
import { chordOf, Keymap } from './keymap'

const press = (key: string, more: Partial<Parameters<typeof chordOf>[0]> = {}) => ({
  key,
  ctrlKey: false,
  metaKey: false,
  shiftKey: false,
  altKey: false,
  ...more,
})

test('no key means two things, and no command hides the first key of two', () => {
  const all = commands.flatMap((command) => command.keys)
  expect(new Set(all).size).toBe(all.length)
  const firsts = new Set(all.filter((keys) => keys.includes(' ')).map((keys) => keys.split(' ')[0]))
  for (const keys of all) expect(firsts.has(keys)).toBe(false)
})

test('R then U runs up to here, with shift forced; too late it is forgotten', () => {
  const map = new Keymap(commands)
  expect(map.press(press('r'), 0)).toBe('wait')
  expect(map.press(press('u'), 900)).toMatchObject({ id: 'run.up_to' })
  map.press(press('r'), 0)
  expect(map.press(press('U', { shiftKey: true }), 9)).toMatchObject({ id: 'run.up_to.force' })
  map.press(press('r'), 0)
  expect(map.press(press('u'), 2000)).toBeUndefined()
})

test('Cmd is Ctrl, and the shift of ? belongs to the character', () => {
  const map = new Keymap(commands)
  expect(map.press(press('k', { metaKey: true }), 0)).toMatchObject({ id: 'palette' })
  expect(map.press(press('?', { shiftKey: true }), 0)).toMatchObject({ id: 'keys' })
  expect(map.press(press('Enter', { shiftKey: true }), 0)).toMatchObject({ id: 'run.go' })
})
