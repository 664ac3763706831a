import { useQuery } from '@tanstack/react-query'
import { answer, api } from '../../core/api/client'
import { sentenceOf } from '../../core/api/problem'
import { Part } from '../settings/Part'
import { ConnectionTest } from './ConnectionTest'
import { HostingForm } from './HostingForm'
import { WhatUsesIt } from './WhatUsesIt'
import './hosting.css'

/** Where the organization is on Google Cloud, and whether that works. */
export default function SelfHosting() {
  const found = useQuery({
    queryKey: ['self-hosting'],
    queryFn: () => answer(api.GET('/self-hosting')),
    // What is typed here must not be replaced by what was saved.
    refetchOnWindowFocus: false,
  })
  if (found.error)
    return (
      <Part title="Self-hosting">
        <p role="alert">{sentenceOf(found.error)}</p>
      </Part>
    )
  if (!found.data) return null
  return (
    <>
      <HostingForm kept={found.data} />
      {found.data.settings && <ConnectionTest changedMs={found.data.changed_ms} />}
      <WhatUsesIt kept={found.data} />
    </>
  )
}
