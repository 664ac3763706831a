import { autocompletion, closeBrackets, completionKeymap } from '@codemirror/autocomplete'
import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands'
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
import { EditorState, type Extension } from '@codemirror/state'
import { EditorView, highlightActiveLine, keymap, lineNumbers } from '@codemirror/view'
import { classHighlighter } from '@lezer/highlight'
import { useEffect, useRef } from 'react'
import type { Kind } from '../../model/block'
import './code.css'

interface Props {
  code: string
  kind: Kind
  label: string
  onChange: (code: string) => void
  onLeave: () => void
}
/** The one live editor of a page. */
export default function CodeEditor(props: Props) {
  const host = useRef<HTMLDivElement>(null)
  const latest = useRef(props)
  useEffect(() => {
    latest.current = props
  })
  useEffect(() => {
    const { code, kind, label } = latest.current
    const leave = { key: 'Escape', run: () => (latest.current.onLeave(), true) }
    const view = new EditorView({
      parent: host.current!,
      state: EditorState.create({ doc: code, extensions: [keymap.of([leave]), extensions(kind, label)] }),
      dispatchTransactions: (transactions, editor) => {
        editor.update(transactions)
        if (transactions.some((t) => t.docChanged)) latest.current.onChange(editor.state.doc.toString())
      },
    })
    view.focus()
    return () => view.destroy()
  }, [])
  return <div ref={host} className="code editing nodrag nowheel nopan" />
}

function extensions(kind: Kind, label: string): Extension {
  return [
    kind === 'markdown' ? EditorView.lineWrapping : lineNumbers(),
    history(),
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
      ...completionKeymap,
      ...searchKeymap,
      ...historyKeymap,
      ...defaultKeymap.filter((binding) => !/^(Mod|Shift|Ctrl|Alt)-Enter$/.test(binding.key ?? '')),
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
