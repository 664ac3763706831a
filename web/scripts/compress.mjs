// Put a .gz and a .br beside every file of dist/ that shrinks by it: the server sends what the browser takes.
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, gzipSync } from 'node:zlib'

const dist = fileURLToPath(new URL('../dist/', import.meta.url))
for (const name of readdirSync(dist, { recursive: true })) {
  const path = join(dist, name)
  if (!/\.(js|css|html|svg|json|wasm|webmanifest)$/.test(name) || !statSync(path).isFile()) continue
  const bytes = readFileSync(path)
  for (const [ending, compressed] of [
    ['.gz', gzipSync(bytes, { level: 9 })],
    ['.br', brotliCompressSync(bytes)],
  ])
    if (compressed.length < bytes.length * 0.9) writeFileSync(path + ending, compressed)
}
