import type { Output } from '../../core/output/output'
import { savedOf } from '../../core/output/save'

/** Save an output as a file of the person's computer. */
export function save(output: Output, name: string): void {
  const { ending, type, content } = savedOf(output)
  const url = URL.createObjectURL(new Blob([content], { type }))
  const link = document.createElement('a')
  link.href = url
  link.download = `${name.replaceAll(/[^\w-]/g, '_').slice(0, 64)}.${ending}`
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), 10_000)
}
