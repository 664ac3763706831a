import type { Schemas } from '../api/client'

type Settings = Schemas['SelfHostingSettings']

/** What a person has typed, by the path of the field; `cluster` says whether there is a box about one. */
export interface Draft {
  readonly texts: Readonly<Record<string, string>>
  readonly cluster: boolean
}

export function draftOf(settings: Settings | null): Draft {
  const { service_accounts: accounts, kubernetes } = settings ?? {}
  return {
    texts: {
      project: settings?.project ?? '',
      region: settings?.region ?? '',
      bucket: settings?.bucket ?? '',
      repository: settings?.repository ?? '',
      'service_accounts.app': accounts?.app ?? '',
      'service_accounts.execution': accounts?.execution ?? '',
      'service_accounts.build': accounts?.build ?? '',
      'kubernetes.namespace': kubernetes?.namespace ?? '',
      'kubernetes.endpoint': kubernetes?.endpoint ?? '',
      'kubernetes.cluster': kubernetes?.cluster ?? '',
    },
    cluster: !!kubernetes,
  }
}

export function settingsOf({ texts, cluster }: Draft): Settings {
  const text = (path: string) => (texts[path] ?? '').trim()
  return {
    project: text('project'),
    region: text('region'),
    bucket: text('bucket'),
    repository: text('repository'),
    service_accounts: {
      app: text('service_accounts.app'),
      execution: text('service_accounts.execution'),
      build: text('service_accounts.build'),
    },
    kubernetes: cluster
      ? {
          namespace: text('kubernetes.namespace'),
          endpoint: text('kubernetes.endpoint'),
          cluster: text('kubernetes.cluster'),
        }
      : null,
  }
}

/** The names that `easel gcp apply --prefix` gives, for those fields that follow from it. What is missing stays as it was. */
export function proposed({ texts, cluster }: Draft, prefix: string): Draft {
  const project = (texts.project ?? '').trim()
  const region = (texts.region ?? '').trim()
  const names: Record<string, string> = {}
  if (project !== '') {
    // The accounts of an old project example.com:name are at name.example.com.
    const [domain, id] = project.includes(':') ? project.split(':') : ['', project]
    const host = domain ? `${id}.${domain}` : id
    for (const role of ['app', 'execution', 'build'])
      names[`service_accounts.${role}`] = `${prefix}-${role}-sa@${host}.iam.gserviceaccount.com`
    if (region !== '') names.repository = `${region}-docker.pkg.dev/${project}/${prefix}`
  }
  if (cluster && !texts['kubernetes.namespace']) names['kubernetes.namespace'] = prefix
  return { texts: { ...texts, ...names }, cluster }
}

export function same(one: Draft, other: Draft): boolean {
  return JSON.stringify(settingsOf(one)) === JSON.stringify(settingsOf(other))
}

/** What to do about a failed check: a sentence, and the command in it or below it. */
export function splitRemedy(remedy: string): { words: string; command: string } {
  const found = /(?:^|\n|: )((?:gcloud|kubectl) [\s\S]*)$/.exec(remedy)
  if (!found) return { words: remedy.trim(), command: '' }
  return { words: remedy.slice(0, found.index).trim(), command: found[1]!.trim() }
}

/** The same without one of its entries. */
export function without<T extends object>(record: T, key: keyof T): T {
  return Object.fromEntries(Object.entries(record).filter(([name]) => name !== key)) as T
}
