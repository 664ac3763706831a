import { expect, test } from 'vitest'
import { canvasPath, routeOf } from './route'

test('an address names its page, and a canvas whose folder has a strange name finds back', () => {
  expect(routeOf('/')).toEqual({ page: 'home' })
  expect(routeOf('/settings')).toEqual({ page: 'settings' })
  expect(routeOf('/settings/members')).toEqual({ page: 'settings', section: 'members' })
  for (const page of ['setup', 'join', 'reset']) {
    expect(routeOf(`/${page}`)).toEqual({ page })
    expect(routeOf(`/${page}/more`)).toEqual({ page: 'missing' })
  }
  for (const canvas of ['quickstart', 'Größe 100 %', 'a b?c#d'])
    expect(routeOf(canvasPath(canvas))).toEqual({ page: 'canvas', canvas })
  expect(routeOf('/c')).toEqual({ page: 'missing' })
  expect(routeOf('/c/a/b')).toEqual({ page: 'missing' })
  expect(routeOf('/c/%E0%A4%A')).toEqual({ page: 'canvas', canvas: '%E0%A4%A' })
})
