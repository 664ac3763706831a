import { useEffect, useState } from 'react'
import { sentenceOf } from '../../core/api/problem'
import type { CanvasStore } from '../../core/canvas/store'
import { openLive } from '../../core/canvas/open_live'
import { Stop } from '../login/Stop'
import { App } from './App'

type Opened = { readonly store: CanvasStore } | { readonly problem: string } | undefined

/** A canvas of the server, from its first snapshot on. */
export default function CanvasPage({ canvas }: { canvas: string }) {
  const [opened, setOpened] = useState<Opened>()
  useEffect(
    () =>
      openLive(
        canvas,
        (store) => setOpened({ store }),
        (problem) => setOpened({ problem: sentenceOf(problem) }),
      ),
    [canvas],
  )
  const there = opened !== undefined && 'store' in opened
  // What one needs to go on working is there before it is wanted: nothing can be loaded while the server is away.
  useEffect(() => {
    if (!there) return
    const load = () =>
      Promise.all([
        import('../inspector/Inspector'),
        import('../editor/CodeEditor'),
        import('../palette/Palette'),
      ])
    const timer = setTimeout(() => void load().catch(() => undefined), 1000)
    return () => clearTimeout(timer)
  }, [there])
  const name = opened && 'store' in opened ? opened.store.name : canvas
  useEffect(() => {
    document.title = `${name} · Easel`
    return () => {
      document.title = 'Easel'
    }
  }, [name])
  if (!opened) return <p className="opening">Opening {canvas}…</p>
  if ('problem' in opened) return <Stop title={`${canvas} cannot be opened`} text={opened.problem} />
  return <App store={opened.store} />
}
