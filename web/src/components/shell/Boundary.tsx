import { Component, type ReactNode } from 'react'
import { sentenceOf } from '../../core/api/problem'
import { Stop } from '../login/Stop'

interface State {
  readonly problem?: string
}
/** What went wrong while drawing takes the page, not the window: e.g. a part that an updated server no longer has. */
export class Boundary extends Component<{ children: ReactNode }, State> {
  override state: State = {}
  static getDerivedStateFromError(error: unknown): State {
    return { problem: sentenceOf(error) }
  }
  override componentDidCatch(error: unknown): void {
    reportError(error)
  }
  override render() {
    const { problem } = this.state
    if (problem === undefined) return this.props.children
    return (
      <Stop
        title="This page cannot be shown"
        text={`The server may have been updated since it was loaded; load it again. (${problem})`}
        reload
      />
    )
  }
}
