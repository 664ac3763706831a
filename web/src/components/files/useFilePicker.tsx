import { useRef } from 'react'

interface Options {
  label: string
  take: (files: Iterable<File>) => void
  /** Endings, e.g. `.zip,.ipynb`; absent: all files. */
  accept?: string
}
/** The browser's own way to choose files: `picker` stands in the page, unseen, and `pick` opens it. */
export function useFilePicker({ label, take, accept }: Options) {
  const input = useRef<HTMLInputElement>(null)
  const picker = (
    <input
      ref={input}
      type="file"
      multiple
      hidden
      accept={accept}
      aria-label={label}
      onChange={(event) => {
        take(event.target.files ?? [])
        event.target.value = ''
      }}
    />
  )
  return { picker, pick: () => input.current?.click() }
}
