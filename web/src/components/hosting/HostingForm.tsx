import { useQueryClient } from '@tanstack/react-query'
import { useState, type FormEvent } from 'react'
import { answer, api, type Schemas } from '../../core/api/client'
import { Problem, sentenceOf } from '../../core/api/problem'
import { draftOf, proposed, same, settingsOf, without, type Draft } from '../../core/hosting/draft'
import { say } from '../../core/session/page'
import { ago } from '../../core/session/time'
import { Part } from '../settings/Part'
import { Button } from '../ui/Button'
import { ClusterFields } from './ClusterFields'
import { PasteYaml } from './PasteYaml'
import { TextField } from './TextField'
import { useConnectionTest } from './useConnectionTest'

export interface Secrets {
  kubernetes_token?: string | null
  kubernetes_certificate_authority?: string | null
}
/** The form's fields; what is wrong with one is shown below it. */
export interface FormState {
  draft: Draft
  secrets: Secrets
  wrong: Readonly<Record<string, string>>
  type: (path: string, text: string) => void
}

export function HostingForm({ kept }: { kept: Schemas['SelfHosting'] }) {
  const client = useQueryClient()
  const { begin, running } = useConnectionTest()
  const saved = draftOf(kept.settings)
  const [draft, setDraft] = useState(saved)
  const [secrets, setSecrets] = useState<Secrets>({})
  const [wrong, setWrong] = useState<Readonly<Record<string, string>>>({})
  const [problem, setProblem] = useState<string>()
  const [prefix, setPrefix] = useState('easel')
  const [busy, setBusy] = useState(false)
  const changed = !same(draft, saved) || Object.keys(secrets).length > 0
  const mark = (fields: readonly Schemas['FieldProblem'][]) =>
    setWrong(Object.fromEntries(fields.map(({ field, problem: what }) => [field, what])))

  const type = (path: string, text: string) => {
    setDraft((before) => ({ ...before, texts: { ...before.texts, [path]: text } }))
    setWrong((before) => without(before, path))
  }
  const fill = (settings: Schemas['SelfHostingSettings'], fields: Schemas['FieldProblem'][]) => {
    setDraft(draftOf(settings))
    mark(fields)
    setProblem(undefined)
    say(fields.length > 0 ? 'Filled in; look at the marked fields.' : 'Filled in. Look at it, and save.')
  }
  const send = async () => {
    const body = { settings: settingsOf(draft), ...secrets }
    const now = await answer(api.PUT('/self-hosting', { body }))
    client.setQueryData(['self-hosting'], now)
    setDraft(draftOf(now.settings))
    setSecrets({})
    setWrong({})
  }
  const submit = (event: FormEvent, test: boolean) => {
    event.preventDefault()
    if (busy) return
    setBusy(true)
    setProblem(undefined)
    const all = async () => {
      if (changed) await send()
      if (test) await begin()
      else say('The self-hosting settings are saved.')
    }
    all()
      .catch((error: unknown) => {
        const fields = error instanceof Problem ? error.fields : undefined
        if (fields) mark(fields)
        const n = fields?.length ?? 0
        setProblem(
          fields
            ? `Nothing was saved: ${n === 1 ? 'one field is' : `${n} fields are`} marked above.`
            : sentenceOf(error),
        )
      })
      .finally(() => setBusy(false))
  }
  const form = { draft, secrets, wrong, type }
  return (
    <form className="hosting" noValidate onSubmit={(event) => submit(event, false)}>
      <Part
        title="Self-hosting"
        about="Where this organization is on your Google Cloud. `easel gcp apply` makes it all, and prints what belongs here."
      >
        <PasteYaml onRead={fill} />
        {kept.changed_ms !== null && (
          <p className="about alone">
            Saved {ago(kept.changed_ms)} by {kept.changed_by}.
          </p>
        )}
      </Part>
      <Part title="Google Cloud">
        <div className="fields">
          <TextField form={form} path="project" label="Project" example="acme-data" />
          <TextField form={form} path="region" label="Region" example="europe-west2" />
          <TextField form={form} path="bucket" label="Bucket" example="easel-acme" />
          <TextField
            form={form}
            path="repository"
            label="Docker repository"
            example="europe-west2-docker.pkg.dev/acme-data/easel"
          />
        </div>
      </Part>
      <Part
        title="Service accounts"
        about="Three, as their rights differ: app for the server, execution for blocks on a cluster, build for images."
      >
        <div className="propose">
          <label>
            Prefix
            <input value={prefix} maxLength={17} onChange={(event) => setPrefix(event.target.value)} />
          </label>
          <Button
            disabled={!draft.texts.project?.trim() || prefix.trim() === ''}
            onClick={() => setDraft(proposed(draft, prefix.trim()))}
          >
            Propose names
          </Button>
          <p className="about alone">
            {draft.texts.project?.trim() ? (
              <>
                As <code>easel gcp apply --prefix</code> names them.
              </>
            ) : (
              'Needs the project first.'
            )}
          </p>
        </div>
        <div className="fields one">
          {(['app', 'execution', 'build'] as const).map((role) => (
            <TextField
              key={role}
              form={form}
              path={`service_accounts.${role}`}
              label={`${role[0]!.toUpperCase()}${role.slice(1)} account`}
              example={`easel-${role}-sa@acme-data.iam.gserviceaccount.com`}
            />
          ))}
        </div>
      </Part>
      <ClusterFields
        form={form}
        kept={kept}
        onCluster={(cluster) => {
          setDraft({ ...draft, cluster })
          if (!cluster) setSecrets({})
        }}
        onSecrets={setSecrets}
      />
      <div className="save">
        <Button type="submit" disabled={busy || !changed}>
          Save
        </Button>
        <Button look="primary" disabled={busy || running} onClick={(event) => submit(event, true)}>
          {changed ? 'Save and test connection' : 'Test connection'}
        </Button>
        {problem !== undefined && <p role="alert">{problem}</p>}
      </div>
    </form>
  )
}
