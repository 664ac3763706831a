import { ChangeSet, Text } from '@codemirror/state'
import { expect, test } from 'vitest'
import changeVectors from '../../../../contracts/vectors/changes/cases.json'
import textVectors from '../../../../contracts/vectors/text/cases.json'
import { apply } from '../../model/change'
import { Graph } from '../../model/graph'
import { snapshot } from '../../model/sample'
import { blockFromWire, fromWire, type WireChange } from './change_form'

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
const changes = changeVectors as unknown as Changes

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

const texts = textVectors as {
  readonly name: string
  readonly before: string
  readonly changes: unknown
  readonly after: string | null
}[]
test.each(texts)('text: $name', ({ before, changes, after }) => {
  const applied = () =>
    ChangeSet.fromJSON(changes)
      .apply(Text.of(before.split('\n')))
      .toString()
  if (after === null) expect(applied).toThrow()
  else expect(applied()).toBe(after)
})
