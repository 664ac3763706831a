// Compare what a first load fetches with its budget: the entry's scripts and everything they import statically.
import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'

const budgetBytes = 220 * 1000
const dist = new URL('../dist/', import.meta.url)
const manifest = JSON.parse(readFileSync(new URL('.vite/manifest.json', dist), 'utf8'))
const initial = new Set()
const visit = (key) => {
  const chunk = manifest[key]
  if (initial.has(chunk.file)) return
  initial.add(chunk.file)
  for (const imported of chunk.imports ?? []) visit(imported)
}
for (const [key, chunk] of Object.entries(manifest)) if (chunk.isEntry) visit(key)
const size = (file) => gzipSync(readFileSync(new URL(file, dist)), { level: 9 }).length
const total = [...initial].reduce((sum, file) => sum + size(file), 0)
const lazy = Object.values(manifest)
  .filter((chunk) => chunk.file.endsWith('.js') && !initial.has(chunk.file))
  .map((chunk) => `${chunk.name} ${(size(chunk.file) / 1000).toFixed(0)}`)
console.log(
  `initial JS ${(total / 1000).toFixed(1)} kB gz of ${budgetBytes / 1000}; lazy, kB: ${lazy.join(', ')}`,
)
if (initial.size === 0 || total > budgetBytes) process.exit(1)
