import { expect, test } from 'vitest'
import { outcome } from './put'

const said = (status: number, range?: string, body = '') => outcome({ status, range, body }, 100)

test('the answers of a store, as Cloud Storage gives them', () => {
  expect(said(200)).toEqual({ was: 'kept', bytes: 100 })
  expect(said(308, 'bytes=0-41')).toEqual({ was: 'kept', bytes: 42 })
  expect([said(308).was, said(308, 'bytes=5-41').was, said(409).was]).toEqual(['unsure', 'unsure', 'unsure'])
  expect([0, 429, 500, 503].map((status) => said(status).was)).toEqual(['lost', 'lost', 'lost', 'lost'])
  expect([400, 403, 404, 410].map((status) => said(status).was)).toEqual(['stale', 'stale', 'stale', 'stale'])
  expect(said(412)).toEqual({ was: 'kept', bytes: 100 })
})

test('a refusal is a sentence, whoever speaks', () => {
  const xml = (code: string) =>
    `<?xml version='1.0'?><Error><Code>${code}</Code><Message>Why.</Message></Error>`
  expect(said(403, undefined, xml('AccessDenied'))).toEqual({
    was: 'stale',
    refusal: { reason: 'AccessDenied', text: 'The bucket refused the upload (AccessDenied, 403). Why.' },
  })
  expect(said(400, undefined, xml('EntityTooLarge')).was).toBe('refused')
  const full = JSON.stringify({ reason: 'DISK_FULL', detail: 'no room' })
  expect(said(507, undefined, full)).toEqual({
    was: 'refused',
    refusal: { reason: 'DISK_FULL', text: 'no room' },
  })
  expect(said(403, undefined, '<html>')).toMatchObject({ refusal: { reason: 'HTTP_403' } })
})
