import { useId } from 'react'
import type { Schemas } from '../../core/api/client'
import { without } from '../../core/hosting/draft'
import { ago } from '../../core/session/time'
import { Part } from '../settings/Part'
import { Button } from '../ui/Button'
import { Words } from '../ui/Words'
import type { FormState, Secrets } from './HostingForm'
import { TextField } from './TextField'

interface Props {
  form: FormState
  kept: Schemas['SelfHosting']
  onCluster: (there: boolean) => void
  onSecrets: (secrets: Secrets) => void
}
/** The box about a cluster that runs blocks. */
export function ClusterFields({ form, kept, onCluster, onSecrets }: Props) {
  const secret = (name: keyof Secrets, path: string, label: string, rows: number, example: string) => (
    <SecretField
      label={label}
      rows={rows}
      example={example}
      since={kept[name]?.set_ms}
      value={form.secrets[name]}
      wrong={form.wrong[path]}
      onChange={(value) => {
        const others = without(form.secrets, name)
        onSecrets(value === undefined ? others : { ...others, [name]: value })
      }}
    />
  )
  return (
    <Part title="Compute">
      <label className="check">
        <input
          type="checkbox"
          checked={form.draft.cluster}
          onChange={(event) => onCluster(event.target.checked)}
        />
        There is a Kubernetes cluster for blocks
      </label>
      {form.draft.cluster && (
        <div className="fields one cluster">
          <p className="boundary">
            <b>On a cluster the organization is the trust boundary.</b> Blocks of all its canvases run as one
            execution account, which may read and write the state of every canvas: who may run a block
            anywhere can reach the results of all. On this server with isolation <code>strict</code> the
            canvas is the boundary.
          </p>
          <TextField form={form} path="kubernetes.namespace" label="Namespace" example="easel" />
          <TextField
            form={form}
            path="kubernetes.endpoint"
            label="Endpoint"
            example="https://gke-0123456789ab.europe-west2.gke.goog"
          />
          <TextField
            form={form}
            path="kubernetes.cluster"
            label="GKE cluster"
            optional="optional; its rights are then tested, too"
            example="projects/acme-data/locations/europe-west2/clusters/prod"
          />
          {secret(
            'kubernetes_token',
            'kubernetes.token',
            'Service account token',
            2,
            'Without one the cluster is asked as the app account, as GKE lets it.',
          )}
          {secret(
            'kubernetes_certificate_authority',
            'kubernetes.certificate_authority',
            'Certificate authority',
            3,
            '-----BEGIN CERTIFICATE-----',
          )}
        </div>
      )}
    </Part>
  )
}

interface SecretProps {
  label: string
  rows: number
  example: string
  /** When the kept one was set; undefined: none is kept. */
  since: number | undefined
  /** As typed; null: to be removed; undefined: stays. */
  value: string | null | undefined
  wrong: string | undefined
  onChange: (value: string | null | undefined) => void
}
/** What can be set and removed, but not read. */
function SecretField({ label, rows, example, since, value, wrong, onChange }: SecretProps) {
  const id = useId()
  const standing =
    value === null
      ? 'is removed when you save'
      : since === undefined
        ? 'optional; kept encrypted, never shown again'
        : `set ${ago(since)}; kept encrypted, not shown`
  return (
    <div className="text secret">
      <label htmlFor={id}>
        {label} <small>{standing}</small>
      </label>
      <textarea
        id={id}
        rows={rows}
        value={value ?? ''}
        spellCheck={false}
        autoComplete="off"
        placeholder={since !== undefined && value !== null ? 'Type here to replace it.' : example}
        aria-invalid={wrong !== undefined}
        aria-describedby={wrong === undefined ? undefined : `${id}-wrong`}
        onChange={(event) => onChange(event.target.value === '' ? undefined : event.target.value)}
      />
      {since !== undefined && (
        <Button small onClick={() => onChange(value === null ? undefined : null)}>
          {value === null ? 'Keep it' : 'Remove'}
        </Button>
      )}
      {wrong !== undefined && (
        <p id={`${id}-wrong`} className="wrong">
          {label} <Words text={wrong} />
        </p>
      )}
    </div>
  )
}
