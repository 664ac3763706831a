import { create } from 'zustand'
import type { BlockId } from '../../model/block'
import type { EdgeKey } from '../../model/edge'
import type { PlanStep, RunRequest } from '../../model/plan'
import { nothing, select, type Selection } from '../../model/selection'

export type Theme = 'light' | 'dark'
export type Side = 'outline' | 'files' | 'runs'
export type Dialog = 'palette' | 'keys' | 'connect' | 'full' | 'share' | undefined
export type DrawerTab = 'run' | 'log' | 'problems'

/** A menu where a person asked for one. */
export interface AskedMenu {
  readonly label: string
  readonly from: Element
  readonly items: readonly {
    readonly title: string
    readonly keys?: string
    readonly why?: string
    readonly onSelect: () => void
  }[]
}
/** A run that is shown before it is asked for. */
export interface ShownPlan {
  readonly request: RunRequest
  /** The page's guess at first, then the server's word. */
  readonly steps: readonly PlanStep[]
  readonly sure: boolean
  readonly problem?: string
  /** Blocks that it would not run. */
  readonly rests: readonly BlockId[]
}

export interface Notice {
  readonly text: string
  readonly at: number
  /** What can be done about it, e.g. Undo. */
  readonly action?: { readonly label: string; readonly run: () => void }
}

export interface TablePlace {
  readonly block: BlockId
  readonly variable: string
}

/** What this page shows and where the person is: nothing that others see, nothing that is saved in the canvas. */
export interface Page {
  readonly theme: Theme
  readonly panel: boolean
  /** What the panel at the left shows. */
  readonly side: Side
  /** Shown while a block is selected. */
  readonly inspector: boolean
  /** Stays while one goes from block to block. */
  readonly inspectorTab: string
  readonly drawer: boolean
  readonly dialog: Dialog
  readonly selection: Selection
  readonly edge: EdgeKey | undefined
  readonly editing: BlockId | undefined
  /** The block whose name is being written on its card. */
  readonly renaming: BlockId | undefined
  /** A line that the block's editor is asked to go to, and the message of what went wrong in it. */
  readonly line: { readonly block: BlockId; readonly line: number; readonly about?: string } | undefined
  readonly folded: ReadonlySet<BlockId>
  /** The table that is looked at, of the attempt that was published when it was opened. */
  readonly table: TablePlace | undefined
  /** Said once, on screen and to screen readers: a refusal, a result. */
  readonly notice: Notice | undefined
  readonly menu: AskedMenu | undefined
  readonly plan: ShownPlan | undefined
  readonly tab: DrawerTab
  readonly minimap: boolean
}
/** A narrow window has room for one of panel and inspector. */
export const narrow = () => typeof matchMedia !== 'undefined' && matchMedia('(max-width: 1100px)').matches
/** Here a panel would take a quarter of it. */
const small = () => typeof matchMedia !== 'undefined' && matchMedia('(max-width: 1000px)').matches
export const usePage = create<Page>()(() => ({
  theme: 'light',
  panel: !small(),
  side: 'outline',
  inspector: !narrow(),
  inspectorTab: 'Variables',
  drawer: false,
  dialog: undefined,
  selection: nothing,
  edge: undefined,
  editing: undefined,
  renaming: undefined,
  line: undefined,
  folded: new Set(),
  table: undefined,
  notice: undefined,
  menu: undefined,
  plan: undefined,
  tab: 'run',
  minimap: false,
}))
export const setPage = usePage.setState
export const page = usePage.getState

export function say(text: string, action?: Notice['action']): void {
  setPage({ notice: { text, at: performance.now(), ...(action && { action }) } })
}
export function selectBlocks(selection: Selection): void {
  const { editing } = page()
  setPage({ selection, edge: undefined, editing: editing === selection.focus ? editing : undefined })
}
/** All that a block shows, as large as the window. */
export function showFull(id: BlockId): void {
  selectBlocks(select([id]))
  setPage({ dialog: 'full' })
}
