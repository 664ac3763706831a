// Uploads that a page was closed in the middle of: kept in this browser, so that they go on when the same file is chosen again.
// The address that they are sent to is a secret and stays with the server.

export interface KeptUpload {
  readonly upload: string
  readonly canvas: string
  readonly path: string
  readonly bytes: number
  /** The file's time, by which it is known again. */
  readonly modified: number
  /** When the store said so last. */
  readonly kept: number
}
const key = 'easel.uploads'

export function keptUploads(): readonly KeptUpload[] {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(key) ?? '[]')
    return Array.isArray(found) ? found.filter(isKept) : []
  } catch {
    return []
  }
}

/** Keep it, or what is new about it. */
export const keepUpload = (one: KeptUpload) => write([...others(one.upload), one])
export const forgetUpload = (upload: string) => write(others(upload))

/** The one that this file was the beginning of. */
export const keptFor = (canvas: string, path: string, file: File) =>
  keptUploads().find((one) => one.canvas === canvas && one.path === path && isSame(one, file))

export const isSame = (one: KeptUpload, file: File) =>
  one.bytes === file.size && one.modified === file.lastModified

const others = (upload: string) => keptUploads().filter((one) => one.upload !== upload)

function write(all: readonly KeptUpload[]): void {
  try {
    localStorage.setItem(key, JSON.stringify(all))
  } catch {
    // They begin anew then.
  }
}

function isKept(value: unknown): value is KeptUpload {
  if (typeof value !== 'object' || value === null) return false
  const one = value as Record<string, unknown>
  const texts = ['upload', 'canvas', 'path'].every((name) => typeof one[name] === 'string')
  return texts && ['bytes', 'modified', 'kept'].every((name) => typeof one[name] === 'number')
}
