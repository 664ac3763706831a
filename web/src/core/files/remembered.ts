/** What a browser keeps so that a page that is loaded anew goes on with the same file, when it is dropped again. */
export function remembered(mark: string): string | undefined {
  try {
    return localStorage.getItem(mark) ?? undefined
  } catch {
    return undefined
  }
}
export function remember(mark: string, upload: string): void {
  try {
    localStorage.setItem(mark, upload)
  } catch {
    // It is sent from its beginning then.
  }
}
export function forget(mark: string): void {
  try {
    localStorage.removeItem(mark)
  } catch {
    // Nothing was kept.
  }
}
