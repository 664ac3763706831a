import fc from 'fast-check'
import { expect, test } from 'vitest'
import { apply } from './change'
import { anyChange, sampleGraph, snapshot } from './sample'
import { UndoStack, type Step } from './undo_stack'

function desk() {
  const graph = sampleGraph('a b c d', 'a>b b>c')
  const stack = new UndoStack()
  const perform = (change: Step) => {
    if (change.op === 'typing') return undefined
    const result = apply(graph, change)
    return result.ok ? result.inverse : undefined
  }
  return { graph, stack, perform }
}

test('all undone is the beginning, all redone is the end', () => {
  fc.assert(
    fc.property(fc.array(anyChange, { maxLength: 30 }), (changes) => {
      const { graph, stack, perform } = desk()
      const first = snapshot(graph)
      for (const change of changes) {
        const inverse = perform(change)
        if (inverse) stack.push(inverse)
      }
      const last = snapshot(graph)
      while (stack.undo(perform));
      expect(snapshot(graph)).toEqual(first)
      while (stack.redo(perform));
      expect(snapshot(graph)).toEqual(last)
    }),
  )
})

test('the letters of one edit are undone as one', () => {
  const { graph, stack, perform } = desk()
  for (const code of ['x', 'x =', 'x = 1']) stack.push(perform({ op: 'setCode', id: 'a', code })!, 'code a')
  stack.undo(perform)
  expect(graph.block('a')!.code).toBe('')
  expect(stack.canUndo).toBe(false)
  stack.redo(perform)
  expect(graph.block('a')!.code).toBe('x = 1')
})

test('a new change forgets what was undone', () => {
  const { stack, perform } = desk()
  stack.push(perform({ op: 'rename', id: 'a', name: 'x' })!)
  stack.undo(perform)
  stack.push(perform({ op: 'rename', id: 'a', name: 'y' })!)
  expect(stack.canRedo).toBe(false)
})
