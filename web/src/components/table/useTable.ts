import { useEffect, useState, useSyncExternalStore } from 'react'
import { OpenTable } from '../../core/table/open_table'
import type { TableSource } from '../../core/table/table_source'

/** A table that is open as long as the component is there. */
export function useOpenTable(makeSource: () => TableSource): OpenTable {
  const [table] = useState(() => new OpenTable(makeSource()))
  useEffect(() => () => table.leave(), [table])
  useSyncExternalStore(table.listen, () => table.version)
  return table
}
