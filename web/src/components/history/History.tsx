import type { Block } from '../../model/block'
import { Queries } from '../shell/Queries'
import { Attempts } from './Attempts'
import { Revisions } from './Revisions'
import './history.css'

/** What a block was: its runs and its texts. */
export default function History({ block }: { block: Block }) {
  return (
    <Queries>
      {block.kind !== 'markdown' && <Attempts block={block} />}
      <Revisions block={block} />
    </Queries>
  )
}
