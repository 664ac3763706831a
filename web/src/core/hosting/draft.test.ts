import { describe, expect, it } from 'vitest'
import { draftOf, proposed, same, settingsOf, splitRemedy } from './draft'

const settings = {
  project: 'acme-data',
  region: 'europe-west2',
  bucket: 'easel-0f1e',
  repository: 'europe-west2-docker.pkg.dev/acme-data/easel',
  service_accounts: { app: 'a@x', execution: 'b@x', build: 'c@x' },
  kubernetes: { namespace: 'easel', endpoint: 'https://k', cluster: '' },
}

describe('the self-hosting form', () => {
  it('gives back what it was given', () => {
    expect(settingsOf(draftOf(settings))).toEqual(settings)
    const without = { ...settings, kubernetes: null }
    expect(settingsOf(draftOf(without))).toEqual(without)
  })
  it('knows an empty form from a changed one', () => {
    expect(same(draftOf(null), draftOf(null))).toBe(true)
    expect(same(draftOf(null), draftOf(settings))).toBe(false)
    expect(same(draftOf(settings), { ...draftOf(settings), cluster: false })).toBe(false)
  })
  it('proposes the names that apply gives', () => {
    const typed = { texts: { project: 'acme-data', region: 'europe-west2', bucket: 'mine' }, cluster: false }
    const { texts } = proposed(typed, 'zerve')
    expect(texts['service_accounts.app']).toBe('zerve-app-sa@acme-data.iam.gserviceaccount.com')
    expect(texts.repository).toBe('europe-west2-docker.pkg.dev/acme-data/zerve')
    expect(texts.bucket).toBe('mine')
    const old = proposed({ texts: { project: 'example.com:data' }, cluster: true }, 'easel').texts
    expect(old['service_accounts.build']).toBe('easel-build-sa@data.example.com.iam.gserviceaccount.com')
    expect(old['kubernetes.namespace']).toBe('easel')
    expect(old.repository).toBeUndefined()
  })
  it('finds the command in a remedy', () => {
    expect(splitRemedy('gcloud a \\\n  --b')).toEqual({ words: '', command: 'gcloud a \\\n  --b' })
    expect(splitRemedy('Give it:\nkubectl x')).toEqual({ words: 'Give it:', command: 'kubectl x' })
    expect(splitRemedy('Take it away: kubectl get x')).toEqual({
      words: 'Take it away',
      command: 'kubectl get x',
    })
    expect(splitRemedy('Look at `gcloud x` first.')).toEqual({
      words: 'Look at `gcloud x` first.',
      command: '',
    })
  })
})
