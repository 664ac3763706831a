import { usePage } from '../../core/session/page'
import { useStore } from '../canvas/useStore'
import { UploadList } from './UploadList'
import './files.css'

/** Uploads above the stage, while the panel that has them is not shown. */
export default function UploadDock() {
  const { id: canvas } = useStore()
  const inPanel = usePage((p) => p.panel && p.side === 'files')
  return inPanel ? null : <UploadList canvas={canvas} look="dock" />
}
