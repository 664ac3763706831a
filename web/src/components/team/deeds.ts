/** The part of an AuditEntry that says what was done. */
interface Entry {
  readonly action: string
  readonly subject: string | null
  readonly detail: object
}

/** What can be asked for: all actions that begin so. */
export const deedGroups = [
  ['session.', 'Signing in and out'],
  ['password.', 'Passwords'],
  ['token.', 'API tokens'],
  ['member.', 'Members'],
  ['invitation.', 'Invitations'],
  ['organization.', 'Organization'],
  ['self_hosting.', 'Self-hosting'],
  ['canvas.', 'Canvases'],
  ['run.', 'Runs'],
  ['file.', 'Files'],
] as const

const known: Readonly<Record<string, string>> = {
  'canvas.copy': 'Copied a canvas',
  'canvas.create': 'Made a canvas',
  'canvas.delete': 'Deleted the canvas',
  'canvas.forget': 'Removed a canvas for good',
  'canvas.forget_all': 'Emptied the trash',
  'canvas.grant': 'Granted a role',
  'canvas.import': 'Imported a canvas',
  'canvas.rename': 'Renamed the canvas',
  'canvas.restore': 'Brought a canvas back',
  'canvas.withdraw': 'Withdrew a role',
  'file.delete': 'Deleted a file',
  'file.folder': 'Made a folder',
  'file.rename': 'Renamed a file',
  'file.restore': 'Brought a file back',
  'file.upload': 'Uploaded a file',
  'file.upload_dropped': 'Gave an upload up',
  'invitation.accept': 'Accepted an invitation',
  'invitation.create': 'Made an invitation',
  'invitation.revoke': 'Revoked an invitation',
  'member.remove': 'Removed a member',
  'member.rename': 'Took another name',
  'member.role': 'Changed a role',
  'organization.rename': 'Renamed the organization',
  'password.change': 'Changed the password',
  'password.link': 'Made a link for a new password',
  'password.reset': 'Set a new password by a link',
  'run.cancel': 'Cancelled a run',
  'run.start': 'Started a run',
  'self_hosting.change': 'Changed the self-hosting settings',
  'self_hosting.test': 'Tested the self-hosting connection',
  'self_hosting.test_stop': 'Stopped a test of the self-hosting connection',
  'session.begin': 'Signed in',
  'session.end': 'Signed out',
  'session.refused': 'Was refused to sign in',
  'session.revoke': 'Ended a session',
  'team.setup': 'Set the team up',
  'token.create': 'Made an API token',
  'token.revoke': 'Revoked an API token',
}

/** An entry in words: what was done, and what there is to know of it beyond that. */
export function deed({ action, subject, detail }: Entry): { words: string; more: string } {
  const words = known[action] ?? action
  const parts = Object.entries(detail).flatMap(([key, value]: [string, unknown]) => {
    const shown = shortly(value)
    return shown === '' ? [] : [`${key.replaceAll('_', ' ')} ${shown}`]
  })
  return { words, more: [subject, ...parts].filter(Boolean).join(', ') }
}

function shortly(value: unknown): string {
  if (value === null || value === undefined) return ''
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return text.length > 80 ? `${text.slice(0, 79)}…` : text
}
