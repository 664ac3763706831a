import { acceptCompletion, autocompletion, closeBrackets, completionKeymap } from '@codemirror/autocomplete'
import { defaultKeymap, historyKeymap, indentWithTab } from '@codemirror/commands'
import { markdown } from '@codemirror/lang-markdown'
import { python } from '@codemirror/lang-python'
import { PostgreSQL, sql } from '@codemirror/lang-sql'
import {
  bracketMatching,
  indentOnInput,
  indentUnit,
  StreamLanguage,
  syntaxHighlighting,
} from '@codemirror/language'
import { r } from '@codemirror/legacy-modes/mode/r'
import { searchKeymap } from '@codemirror/search'
import { EditorSelection, type Extension } from '@codemirror/state'
import { EditorView, highlightActiveLine, keymap, lineNumbers } from '@codemirror/view'
import { classHighlighter } from '@lezer/highlight'
import { useEffect, useRef } from 'react'
import { blamed } from '../../model/blamed'
import type { BlockId, Kind } from '../../model/block'
import { otherCursors } from '../../core/text/other_cursors'
import { SharedText } from '../../core/text/shared_text'
import { page, setPage, usePage } from '../../core/session/page'
import { useStore } from '../canvas/useStore'
import { namesFromParents } from './names_from_parents'
import './code.css'

interface Props {
  block: BlockId
  kind: Kind
  label: string
  onLeave: () => void
}
/** The one live editor of a page, on a text that others may be typing in, too. */
export default function CodeEditor(props: Props) {
  const host = useRef<HTMLDivElement>(null)
  const latest = useRef(props)
  const store = useStore()
  useEffect(() => {
    latest.current = props
  })
  useEffect(() => {
    const { block, kind, label } = latest.current
    const text = store.editText(
      block,
      (version, code) => new SharedText(version, code, () => store.typed(block)),
    )
    if (!text) return
    const { depth } = text
    const leave = { key: 'Escape', run: () => (latest.current.onLeave(), true) }
    const others = otherCursors(store, block)
    const hide = text.show(
      (state) =>
        new EditorView({
          parent: host.current!,
          state,
          dispatchTransactions: (transactions, editor) => {
            editor.update(transactions)
            text.took(transactions)
          },
        }),
      [
        keymap.of([leave]),
        others,
        kind === 'python' ? namesFromParents(store, block) : [],
        extensions(kind, label),
      ],
    )
    const content = host.current!.querySelector<HTMLElement>('.cm-content')
    content?.focus()
    const goThere = () => {
      const { line } = page()
      const view = content && EditorView.findFromDOM(content)
      if (!view || line?.block !== block) return
      const { from, text } = view.state.doc.line(Math.max(1, Math.min(view.state.doc.lines, line.line)))
      const word = blamed(text, line.about ?? '') ?? { from: 0, to: 0 }
      const selection = EditorSelection.range(from + word.from, from + word.to)
      view.dispatch({
        selection,
        effects: EditorView.scrollIntoView(selection, { y: 'center', xMargin: 40 }),
      })
      view.focus()
      setPage({ line: undefined })
    }
    goThere()
    const stop = usePage.subscribe((now, before) => now.line && now.line !== before.line && goThere())
    return () => {
      stop()
      hide()
      store.leftText(block, depth)
      store.moveCursor(undefined)
    }
  }, [store])
  return <div ref={host} className="code editing nodrag nowheel nopan" />
}

function extensions(kind: Kind, label: string): Extension {
  return [
    kind === 'markdown' ? EditorView.lineWrapping : lineNumbers(),
    indentUnit.of('    '),
    indentOnInput(),
    bracketMatching(),
    closeBrackets(),
    autocompletion(),
    highlightActiveLine(),
    language(kind),
    syntaxHighlighting(classHighlighter),
    // Running is the stage's business.
    keymap.of([
      { key: 'Tab', run: acceptCompletion },
      ...completionKeymap,
      ...searchKeymap,
      ...historyKeymap,
      ...defaultKeymap
        .filter(({ key = '' }) => !/^(Mod|Shift|Ctrl|Alt)-Enter$/.test(key))
        .map((binding) => (binding.key === 'Enter' ? { key: 'Enter', run: binding.run! } : binding)),
      indentWithTab,
    ]),
    EditorView.contentAttributes.of({ 'aria-label': label }),
  ]
}
function language(kind: Kind): Extension {
  switch (kind) {
    case 'python':
    case 'gather':
      return python()
    case 'sql':
      return sql({ dialect: PostgreSQL })
    case 'r':
      return StreamLanguage.define(r)
    case 'markdown':
      return markdown()
  }
}
