import { page } from '../session/page'

/** The block that keys act on, and all that are selected. */
export const focus = () => page().selection.focus
export const chosen = () => [...page().selection.ids]
export const needsBlock = () => (focus() === undefined ? 'Select a block first.' : undefined)
