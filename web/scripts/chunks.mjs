// Few files for a first load: a request costs more than the few kB that it would save. What every page needs is one file,
// what both home and a canvas need another, a canvas its own; the rest comes when it is asked for, as rolldown divides it.
import { fileURLToPath } from 'node:url'

const at = (path) => fileURLToPath(new URL(`../src/${path}`, import.meta.url))
const [entry, home, canvas] = ['main.tsx', 'components/home/Home.tsx', 'components/shell/CanvasPage.tsx'].map(
  at,
)

/** The name of the file that a module comes in; undefined: as rolldown finds best. */
function fileOf(id, context) {
  const has = (page) => reached(page, context).has(id)
  if (isIcon(id)) return 'icons'
  if (id === entry) return undefined
  if (has(entry)) return 'base'
  if (has(canvas)) return has(home) ? 'pages' : 'canvas'
}
const isIcon = (id) => /node_modules\/lucide-react\//.test(id)

/** For rolldown's `codeSplitting`. A file takes in what it imports, so those that others import come first. */
export const groups = ['base', 'icons', 'pages', 'canvas'].map((name, i) => ({
  name: (id, context) => (fileOf(id, context) === name ? name : null),
  debugName: name,
  priority: 10 - i,
}))

/** All modules that `from` imports statically, it among them. Icons are left out: their index names all of them. */
function reached(from, context) {
  const known = modules.get(from)
  if (known) return known
  const found = new Set([from])
  for (const id of found)
    if (!isIcon(id)) for (const next of context.getModuleInfo(id)?.importedIds ?? []) found.add(next)
  modules.set(from, found)
  return found
}
const modules = new Map()
