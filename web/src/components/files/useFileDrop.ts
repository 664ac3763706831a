import { useState, type DragEvent } from 'react'

/** Of the pointer, in the window. */
interface Place {
  readonly clientX: number
  readonly clientY: number
}
/** Files that are dragged here from outside; without `take` they are not wanted. `over`: they would be dropped now. */
export function useFileDrop(take: ((files: Iterable<File>, at: Place) => void) | undefined) {
  const [over, setOver] = useState(false)
  const on = {
    onDragOver(event: DragEvent) {
      if (!take || !event.dataTransfer.types.includes('Files')) return
      event.preventDefault()
      setOver(true)
    },
    onDragLeave(event: DragEvent) {
      if (!event.currentTarget.contains(event.relatedTarget as Node | null)) setOver(false)
    },
    onDrop(event: DragEvent) {
      if (!event.dataTransfer.types.includes('Files')) return
      event.preventDefault()
      setOver(false)
      take?.(event.dataTransfer.files, { clientX: event.clientX, clientY: event.clientY })
    },
  }
  return { over, on }
}
