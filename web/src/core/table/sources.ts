import { serverTable } from './server_table'
import type { TableSource } from './table_source'

export type MakeTable = (canvas: string, block: string, variable: string) => TableSource

let make: MakeTable = serverTable

/** Take tables from elsewhere than the server: a recorded canvas has none. */
export function takeTablesFrom(other: MakeTable): void {
  make = other
}
export const tableOf: MakeTable = (canvas, block, variable) => make(canvas, block, variable)
