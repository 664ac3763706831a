import { CircleAlert, CircleCheck, CloudOff, Pause, Play, RotateCw, X } from 'lucide-react'
import {
  cancelUpload,
  pauseUpload,
  resumeUpload,
  retryUpload,
  sendAgain,
  type Upload,
} from '../../core/files/uploads'
import { freePath } from '../../model/free_path'
import { leftText, secondsLeft } from '../../model/pace'
import { Button } from '../ui/Button'
import { bytesText } from './content'

/** A file on its way: how far, how fast, and what a person can do about it. */
export function UploadRow({ upload }: { upload: Upload }) {
  const { id, path, state } = upload
  const { phase, refusal, bytes, sent } = state
  const there = refusal?.reason === 'FILE_EXISTS'
  return (
    <li className={`upload ${phase}`}>
      <span className="name" title={path}>
        {path}
      </span>
      <span className="hands">
        {(phase === 'sending' || phase === 'looking') && (
          <Button look="icon" aria-label={`Pause the upload of ${path}`} onClick={() => pauseUpload(id)}>
            <Pause size={13} />
          </Button>
        )}
        {phase === 'paused' && (
          <Button
            look="icon"
            aria-label={`Go on with the upload of ${path}`}
            onClick={() => resumeUpload(id)}
          >
            <Play size={13} />
          </Button>
        )}
        {phase === 'waiting' && (
          <Button
            look="icon"
            aria-label={`Try the upload of ${path} again now`}
            onClick={() => retryUpload(id)}
          >
            <RotateCw size={13} />
          </Button>
        )}
        <Button look="icon" aria-label={`Cancel the upload of ${path}`} onClick={() => cancelUpload(id)}>
          <X size={13} />
        </Button>
      </span>
      {!refusal && (
        <progress aria-label={`Upload of ${path}`} max={Math.max(1, bytes)} value={bytes === 0 ? 1 : sent} />
      )}
      {refusal ? (
        <div className="refusal" role="alert">
          <p>
            <CircleAlert size={14} />
            {there ? `There is a file ${path} already.` : refusal.text}
          </p>
          <p className="acts">
            {there ? (
              <>
                <Button onClick={() => sendAgain(id, { path: freePath(path, new Set()) })}>
                  Keep both, as {nameOf(freePath(path, new Set()))}
                </Button>
                <Button onClick={() => sendAgain(id, { replace: true })}>Replace it</Button>
              </>
            ) : (
              <Button onClick={() => retryUpload(id)}>Try again</Button>
            )}
          </p>
        </div>
      ) : (
        <small>{textOf(upload)}</small>
      )}
    </li>
  )
}

const nameOf = (path: string) => path.slice(path.lastIndexOf('/') + 1)

function textOf({ state, pace }: Upload) {
  const { phase, sent, bytes } = state
  const far = `${bytesText(sent)} of ${bytesText(bytes)}`
  switch (phase) {
    case 'queued':
      return `waits for its turn · ${bytesText(bytes)}`
    case 'beginning':
      return `begins · ${bytesText(bytes)}`
    case 'looking':
      return 'asks how much has arrived'
    case 'sending': {
      const left = secondsLeft(pace, bytes - sent)
      const rate = pace.perSecond === undefined ? '' : ` · ${bytesText(Math.round(pace.perSecond))}/s`
      return `${far}${rate}${left === undefined ? '' : ` · ${leftText(left)}`}`
    }
    case 'finishing':
      return (
        <>
          <CircleCheck size={12} /> all is there; it is checked and put into its place
        </>
      )
    case 'waiting':
      return (
        <>
          <CloudOff size={12} /> no connection at {bytesText(sent)}; goes on by itself
        </>
      )
    case 'paused':
      return `paused at ${far}`
    case 'refused':
    case 'done':
    case 'gone':
      return ''
  }
}
