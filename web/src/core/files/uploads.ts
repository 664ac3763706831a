import { create } from 'zustand'
import { newPace, paced, type Pace } from '../../model/pace'
import { ended, newTransfer, type Transfer } from '../../model/transfer'
import { say } from '../session/page'
import { directTransport } from './direct'
import { forgetUpload, keepUpload, keptFor, keptUploads, type KeptUpload } from './kept'
import { Sender } from './sender'

/** A file on its way into a canvas's files, in this page. */
export interface Upload {
  readonly id: number
  readonly canvas: string
  readonly path: string
  readonly state: Transfer
  readonly pace: Pace
}
interface Uploads {
  readonly all: readonly Upload[]
  /** Of pages that were closed. */
  readonly kept: readonly KeptUpload[]
}
export const useUploads = create<Uploads>()(() => ({ all: [], kept: keptUploads() }))

/** More at once do not arrive sooner, and each holds a piece in memory. */
const mostAtOnce = 3
interface Asked {
  readonly canvas: string
  readonly path: string
  readonly file: File
  readonly done: (path: string) => void
  readonly replace?: boolean
}
const senders = new Map<number, { readonly sender: Sender; readonly asked: Asked }>()
let next = 0

/** Put a file into a canvas's files, at `path`; `done` when it is there. It goes on where a page that was closed left it. */
export function startUpload(asked: Asked): void {
  const { canvas, path, file, replace = false } = asked
  const id = ++next
  const known = replace ? undefined : keptFor(canvas, path, file)?.upload
  const transport = directTransport({ canvas, path, file, replace })
  const first = newTransfer(file.size, known !== undefined)
  const sender: Sender = new Sender(first, known, transport, (state) => changed(id, state))
  senders.set(id, { sender, asked })
  const upload = { id, canvas, path, state: first, pace: newPace(performance.now(), 0) }
  useUploads.setState(({ all }) => ({ all: [...all, upload] }))
  startWaiting()
}

const tell = (on: 'pause' | 'resume' | 'cancel' | 'again') => (id: number) =>
  senders.get(id)?.sender.tell({ on })
export const pauseUpload = tell('pause')
export const resumeUpload = tell('resume')
export const cancelUpload = tell('cancel')
/** Try once more, now. */
export const retryUpload = tell('again')

/** Send it although there is a file of that name, or under another one. */
export function sendAgain(id: number, more: { path?: string; replace?: true }): void {
  const asked = senders.get(id)?.asked
  cancelUpload(id)
  if (asked) startUpload({ ...asked, ...more })
}

/** Give up what another page began. */
export function dropKept(one: KeptUpload): void {
  forget(one.upload)
  const gone = new File([], one.path)
  void directTransport({ canvas: one.canvas, path: one.path, file: gone, replace: false })
    .drop(one.upload)
    .catch(() => undefined)
}

function changed(id: number, state: Transfer): void {
  const found = senders.get(id)
  if (!found) return
  const { sender, asked } = found
  note(sender, asked, state)
  const now = performance.now()
  const halted = state.phase !== 'sending' && state.phase !== 'finishing'
  useUploads.setState(({ all }) => ({
    all: all.flatMap((one) => {
      if (one.id !== id) return [one]
      if (ended(state)) return []
      return [{ ...one, state, pace: halted ? newPace(now, state.sent) : paced(one.pace, now, state.sent) }]
    }),
  }))
  if (!ended(state)) return startWaiting()
  senders.delete(id)
  if (state.phase === 'done') asked.done(asked.path)
  startWaiting()
}

/** What a page that is opened later has to know. */
function note({ upload }: Sender, { canvas, path, file }: Asked, state: Transfer): void {
  if (upload === undefined) return
  if (ended(state)) return forget(upload)
  const known = keptUploads().find((one) => one.upload === upload)
  if (known?.kept === state.kept) return
  keepUpload({ upload, canvas, path, bytes: file.size, modified: file.lastModified, kept: state.kept })
  useUploads.setState({ kept: keptUploads() })
}

function forget(upload: string): void {
  forgetUpload(upload)
  useUploads.setState({ kept: keptUploads() })
}

/** Uploads of pages that were closed: what is at work in this one is not among them. */
export function leftOf(canvas: string, { kept }: Uploads): readonly KeptUpload[] {
  const here = new Set([...senders.values()].map(({ sender }) => sender.upload))
  return kept.filter((one) => one.canvas === canvas && !here.has(one.upload))
}

/** Those whose turn it is. One that waits for a person, or for a connection, keeps no other from going. */
function startWaiting(): void {
  const all = [...senders.values()].map(({ sender }) => sender)
  const busy = all.filter(({ state }) =>
    ['beginning', 'looking', 'sending', 'finishing'].includes(state.phase),
  )
  const queued = all.filter(({ state }) => state.phase === 'queued')
  for (const sender of queued.slice(0, Math.max(0, mostAtOnce - busy.length))) sender.tell({ on: 'start' })
}

if (typeof addEventListener !== 'undefined') {
  // A connection that is back is used at once.
  addEventListener('online', () => {
    for (const { sender } of senders.values())
      if (sender.state.phase === 'waiting') sender.tell({ on: 'again' })
  })
  // A page that is closed loses what is on its way: it says so first.
  addEventListener('beforeunload', (event) => {
    const busy = [...senders.values()].some(
      ({ sender }) => sender.state.phase === 'sending' || sender.state.phase === 'queued',
    )
    if (busy) event.preventDefault()
  })
}

/** Say that a file has come, where nothing else does. */
export const arrived = (path: string) => say(`${path} is uploaded.`)
