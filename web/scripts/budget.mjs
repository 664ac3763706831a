// Compare what a first load fetches with its budget: for each page its entry, the parts it opens with, and all that these
// import statically.
import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'

const pages = [
  ['sign-in', 90, ['index.html']],
  ['home', 220, ['index.html', 'src/components/home/Home.tsx']],
  ['canvas', 220, ['index.html', 'src/components/shell/CanvasPage.tsx']],
]
const dist = new URL('../dist/', import.meta.url)
const manifest = JSON.parse(readFileSync(new URL('.vite/manifest.json', dist), 'utf8'))
const size = (file) => gzipSync(readFileSync(new URL(file, dist)), { level: 9 }).length
const reached = (keys, files = new Set()) => {
  for (const key of keys) {
    const { file, imports = [] } = manifest[key]
    if (files.has(file)) continue
    files.add(file)
    reached(imports, files)
  }
  return files
}
let over = false
for (const [page, limit, keys] of pages) {
  const total = [...reached(keys)].reduce((sum, file) => sum + size(file), 0)
  over ||= total > limit * 1000
  console.log(`${page}: initial JS ${(total / 1000).toFixed(1)} kB gz of ${limit}`)
}
const initial = reached(pages.at(-1)[2])
const lazy = Object.values(manifest)
  .filter((chunk) => chunk.file.endsWith('.js') && !initial.has(chunk.file))
  .map((chunk) => `${chunk.name} ${(size(chunk.file) / 1000).toFixed(0)}`)
console.log(`lazy, kB: ${lazy.join(', ')}`)
if (over) process.exit(1)
