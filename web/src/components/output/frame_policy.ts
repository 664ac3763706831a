/** Where outputs that may hold scripts are shown. */
export const framePath = '/frame'

/**
 * Let frames of this page be that one page and nothing else: an output could otherwise lead its frame to another address
 * of ours. The server's policy says `frame-src 'self'`, because it does not know by which name it is reached; this adds to it.
 */
export function narrowFrames(): void {
  const policy = document.createElement('meta')
  policy.httpEquiv = 'Content-Security-Policy'
  policy.content = `frame-src ${location.origin}${framePath}`
  document.head.append(policy)
}
