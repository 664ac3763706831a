import type { Schemas } from '../../core/api/client'
import { CopyButton } from '../settings/CopyButton'
import { Part } from '../settings/Part'

/** Which of the settings do something on this server today, and which wait. */
export function WhatUsesIt({ kept }: { kept: Schemas['SelfHosting'] }) {
  const { settings, store } = kept
  const bucket = settings?.bucket
  const uses = bucket !== undefined && (store === `gs://${bucket}` || store?.startsWith(`gs://${bucket}/`))
  const flags =
    settings && `--store gs://${settings.bucket} --gcp-impersonate ${settings.service_accounts.app}`
  return (
    <Part title="What uses these settings" about="Saving them does not move anything by itself.">
      <dl className="uses">
        <dt>Test connection</dt>
        <dd>All of them.</dd>
        <dt>Bucket</dt>
        <dd>
          {uses ? (
            <>
              In use: the server was started with <code>--store {store}</code>. The state of canvases is kept
              there; files that people upload go there straight from their browsers if the server may sign, by{' '}
              <code>--gcp-impersonate</code>.
            </>
          ) : (
            <>
              {store === null ? (
                'Not in use: state is kept on the disk of the server only.'
              ) : (
                <>
                  Not in use: the server was started with <code>--store {store}</code>.
                </>
              )}{' '}
              To keep the state of canvases and what people upload in the bucket, as the app account, start{' '}
              <code>easel serve</code> with
              {flags ? ':' : ' --store and this bucket.'}
            </>
          )}
          {!uses && flags && (
            <span className="command">
              <code>{flags}</code>
              <CopyButton text={flags} />
            </span>
          )}
        </dd>
        <dt>Repository, execution and build accounts, cluster</dt>
        <dd>
          Kept for blocks that run on Kubernetes, which this version cannot do yet: blocks run on the machine
          of the server.
        </dd>
      </dl>
    </Part>
  )
}
