import type { BlockId } from '../../model/block'
import { page, selectBlocks, setPage } from '../../core/session/page'
import { select } from '../../model/selection'

/** Open the block's editor with the cursor on a line; the editor takes it from the page. */
export function goToLine(block: BlockId, line: number, about?: string): void {
  if (!page().selection.ids.has(block)) selectBlocks(select([block]))
  setPage({ editing: block, line: { block, line, ...(about !== undefined && { about }) }, dialog: undefined })
}
