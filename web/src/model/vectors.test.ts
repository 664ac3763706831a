import { ChangeSet, Text } from '@codemirror/state'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { blockFromWire, fromWire, type WireChange } from '../core/live/change_form'
import { apply } from './change'
import { Graph } from './graph'
import { snapshot } from './sample'

const read = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../../../contracts/vectors/${name}`, import.meta.url), 'utf8'))

interface Changes {
  readonly start: {
    readonly blocks: Parameters<typeof blockFromWire>[0][]
    readonly edges: { readonly parent: string; readonly child: string }[]
  }
  readonly cases: {
    readonly name: string
    readonly change: WireChange
    readonly refused?: string
    readonly path?: string[]
    readonly then?: {
      readonly names?: Record<string, string | null>
      readonly parents?: Record<string, string[]>
      readonly code?: Record<string, string>
    }
  }[]
}
const changes = read('changes/cases.json') as Changes

test.each(changes.cases)('$name', ({ change, refused, path, then }) => {
  const graph = new Graph()
  for (const block of changes.start.blocks) apply(graph, { op: 'add', block: blockFromWire(block) })
  for (const edge of changes.start.edges) apply(graph, { op: 'connect', edge })
  const before = snapshot(graph)
  const result = apply(graph, fromWire(change))
  if (!result.ok) {
    expect(result.refusal.reason).toBe(refused)
    if (path) expect(result.refusal).toMatchObject({ path })
    expect(snapshot(graph)).toEqual(before)
    return
  }
  expect(refused).toBeUndefined()
  for (const [id, name] of Object.entries(then?.names ?? {})) expect(graph.block(id)?.name ?? null).toBe(name)
  for (const [id, parents] of Object.entries(then?.parents ?? {})) expect(graph.parents(id)).toEqual(parents)
  for (const [id, code] of Object.entries(then?.code ?? {})) expect(graph.block(id)?.code).toBe(code)
  expect(apply(graph, result.inverse).ok).toBe(true)
  expect(snapshot(graph)).toEqual(before)
})

const texts = read('text/cases.json') as {
  readonly name: string
  readonly before: string
  readonly changes: unknown
  readonly after: string | null
}[]
test.each(texts)('text: $name', ({ before, changes, after }) => {
  const applied = () => ChangeSet.fromJSON(changes).apply(Text.of(before.split('\n'))).toString()
  if (after === null) expect(applied).toThrow()
  else expect(applied()).toBe(after)
})
