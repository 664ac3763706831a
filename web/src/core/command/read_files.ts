import type { Block } from '../../model/block'
import { readerCode } from '../../model/reader_code'
import type { Point } from '../../model/rect'
import { select } from '../../model/selection'
import { freeName } from '../canvas/store'
import { startUpload } from '../files/uploads'
import { say, selectBlocks } from '../session/page'
import type { Desk } from './command'
import { attempt } from './edit'

const size = { w: 440, h: 340 }

/** Put files into the canvas, each with a block that reads it; the first block's middle is at `at`. */
export function readFiles(desk: Desk, files: Iterable<File>, at: Point): void {
  for (const [i, file] of [...files].entries()) {
    const place = { x: at.x - size.w / 2, y: at.y - size.h / 2 + i * (size.h + 40) }
    say(`${file.name} is being uploaded into the canvas's files.`)
    startUpload({
      ...{ canvas: desk.store.id, path: file.name, file },
      done: (path) => addReader(desk, path, place),
    })
  }
}

function addReader(desk: Desk, file: string, at: Point): void {
  const { name, code } = readerCode(file)
  const block: Block = {
    ...{ id: crypto.randomUUID(), kind: 'python', code, size, settings: {} },
    name: freeName(desk.store.graph, `load_${name}`),
    at: { x: Math.round(at.x), y: Math.round(at.y) },
  }
  if (!attempt(desk, { op: 'paste', blocks: [block], edges: [] })) return
  selectBlocks(select([block.id]))
  desk.camera.show(block.id)
  say(`${file} is here; ${block.name} reads it. Shift+Enter runs it.`)
}
