import type { Condition, Query, TableColumn, TableValue } from '../../model/table'

export interface TableAbout {
  readonly attempt: string
  readonly variable: string
  readonly type: string
  readonly origin: string
  readonly rows: number
  /** Those that can be looked at: fewer than `rows` if only a preview is stored. */
  readonly stored_rows: number
  readonly complete: boolean
  readonly columns: readonly TableColumn[]
}
export interface Page {
  readonly rows: readonly number[]
  readonly columns: readonly (readonly TableValue[])[]
}
export interface Summary {
  readonly rows: number
  readonly missing: number
  readonly nan?: number
  readonly distinct?: number
  readonly distinct_exact?: boolean
  readonly min?: string
  readonly max?: string
  readonly mean?: number | string
  readonly bins?: { readonly edges: readonly string[]; readonly counts: readonly number[] }
  readonly top?: readonly { readonly value: TableValue; readonly count: number }[]
  readonly top_exact?: boolean
}
export interface Cells {
  readonly count: number
  readonly missing: number
  readonly numbers: number
  readonly sum?: number
  readonly mean?: number
  readonly min?: number
  readonly max?: number
}
export interface Asked extends Omit<Query, 'where'> {
  readonly where: readonly Condition[]
  readonly attempt: string
  readonly offset?: number
  readonly limit?: number
  readonly columns?: readonly number[]
  readonly column?: number
}
export interface Found<T> {
  readonly count: number
  readonly result: T
}
/** Told how far long work is, 0 to 1. */
export type OnProgress = (done: number) => void

/** Where a table comes from. What is asked for ends when its signal is aborted; all reject with a Problem. */
export interface TableSource {
  about(): Promise<TableAbout>
  rows(asked: Asked, signal: AbortSignal, progress: OnProgress): Promise<Found<Page>>
  summary(asked: Asked, signal: AbortSignal, progress: OnProgress): Promise<Found<Summary>>
  cells(asked: Asked, signal: AbortSignal, progress: OnProgress): Promise<Found<Cells>>
  /** Where the rows that a query selects can be had as a file; undefined: nowhere. */
  exportUrl?(asked: Asked): string
}
