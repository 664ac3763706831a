import { useReactFlow, useStoreApi } from '@xyflow/react'
import { useEffect, useRef } from 'react'
import { blockRect } from '../../model/block'
import { bounds } from '../../model/rect'
import { fitView, viewRect, type View } from '../../model/visible'
import { usePage } from '../../core/session/page'
import { paintColours } from './paint'
import { useDesk } from './useStore'

const size = { w: 184, h: 124 }

/** All of the canvas in a corner; a press moves the view there. */
export default function Minimap() {
  const { store } = useDesk()
  const api = useStoreApi()
  const flow = useReactFlow()
  const theme = usePage((p) => p.theme)
  const blocks = useRef<HTMLCanvasElement>(null)
  const frame = useRef<HTMLDivElement>(null)
  const map = useRef<View>({ x: 0, y: 0, zoom: 1 })
  useEffect(() => {
    let asked = 0
    const place = () => {
      const { transform, width, height } = api.getState()
      const seen = viewRect({ x: transform[0], y: transform[1], zoom: transform[2] }, { w: width, h: height })
      const { x, y, zoom } = map.current
      const style = frame.current!.style
      style.transform = `translate(${x + seen.x0 * zoom}px,${y + seen.y0 * zoom}px)`
      style.width = `${(seen.x1 - seen.x0) * zoom}px`
      style.height = `${(seen.y1 - seen.y0) * zoom}px`
    }
    const paint = () => {
      asked = 0
      const all = bounds([...store.graph.blocks()].map(blockRect))
      const element = blocks.current!
      const context = element.getContext('2d')!
      const ratio = Math.min(2, devicePixelRatio)
      element.width = size.w * ratio
      element.height = size.h * ratio
      if (!all) return
      map.current = fitView(all, size, 10, 0.12)
      const { x, y, zoom } = map.current
      context.setTransform(ratio * zoom, 0, 0, ratio * zoom, ratio * x, ratio * y)
      const colours = paintColours(element)
      for (const block of store.graph.blocks()) {
        context.fillStyle =
          block.kind === 'markdown' ? colours.line : colours.state[store.live(block.id).state]
        context.fillRect(block.at.x, block.at.y, block.size.w, block.size.h)
      }
      place()
    }
    const ask = () => {
      if (!asked) asked = requestAnimationFrame(paint)
    }
    ask()
    const stops = [
      store.onChange(ask),
      api.subscribe((now, before) => now.transform !== before.transform && place()),
    ]
    return () => {
      cancelAnimationFrame(asked)
      for (const stop of stops) stop()
    }
  }, [api, store, theme])
  const go = (event: React.PointerEvent) => {
    if (event.buttons === 0) return
    const { left, top } = blocks.current!.getBoundingClientRect()
    const { x, y, zoom } = map.current
    const at = { x: (event.clientX - left - x) / zoom, y: (event.clientY - top - y) / zoom }
    void flow.setCenter(at.x, at.y, { zoom: flow.getZoom() })
  }
  return (
    <div className="bar minimap" aria-hidden="true" onPointerDown={go} onPointerMove={go}>
      <canvas ref={blocks} style={{ width: size.w, height: size.h }} />
      <div ref={frame} />
    </div>
  )
}
