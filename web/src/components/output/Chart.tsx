import { useEffect, useState } from 'react'
import { usePage } from '../../core/session/page'
import { Frame } from './Frame'
import { scriptData } from './frame_page'

interface Props {
  library: 'plotly' | 'vega'
  figure: unknown
  label: string
}
/** A figure drawn by its own library, inside a frame: what a figure holds may be HTML, too. */
export default function Chart({ library, figure, label }: Props) {
  const dark = usePage((p) => p.theme) === 'dark'
  const [own, setOwn] = useState<readonly string[] | 'missing'>()
  useEffect(() => {
    let gone = false
    texts(library).then(
      (found) => !gone && setOwn(found),
      () => !gone && setOwn('missing'),
    )
    return () => {
      gone = true
    }
  }, [library])
  if (own === 'missing') return <p className="note">The chart's library could not be fetched.</p>
  if (!own) return <div className="frame waiting" role="status" aria-label={`Loading ${label}`} />
  return <Frame label={label} own={own} html={bodies[library](figure, dark)} />
}

const known = new Map<string, Promise<readonly string[]>>()
function texts(library: Props['library']): Promise<readonly string[]> {
  const old = known.get(library)
  if (old) return old
  const fetched = (async () => {
    const { default: urls } = await (library === 'plotly' ? import('./plotly') : import('./vega'))
    return Promise.all(
      urls.map(async (url) => {
        const answer = await fetch(url)
        if (!answer.ok) throw new Error(`${url}: ${answer.status}`)
        return answer.text()
      }),
    )
  })()
  known.set(library, fetched)
  fetched.catch(() => known.delete(library))
  return fetched
}

const bodies = {
  plotly: (
    figure: unknown,
    dark: boolean,
  ) => `<div id="figure" style="width:100%;height:340px"></div><script>{
const figure=${scriptData(figure)};const layout={...figure.layout};delete layout.width
layout.autosize=true;layout.paper_bgcolor='transparent'
${dark ? "layout.plot_bgcolor='transparent';const grid='#8884';for(const key of new Set(['xaxis','yaxis',...Object.keys(layout).filter(k=>/^[xy]axis\\d*$/.test(k))]))layout[key]={gridcolor:grid,zerolinecolor:grid,...layout[key]};layout.font={...layout.font,color:getComputedStyle(document.body).color}" : ''}
Plotly.newPlot('figure',figure.data??[],layout,{responsive:true,displaylogo:false})}</script>`,
  vega: (spec: unknown, dark: boolean) => `<div id="figure" style="width:100%"></div><script>
const spec=${scriptData(spec)}
if(spec.mark&&spec.width===undefined&&!spec.encoding?.column&&!spec.encoding?.facet)spec.width='container'
vegaEmbed('#figure',spec,{actions:false,renderer:'canvas',${dark ? "theme:'dark'," : ''}config:{background:'transparent',axis:{gridColor:'#8884',domainColor:'#8888',tickColor:'#8888'},view:{stroke:'transparent'}},loader:{load:()=>Promise.reject(new Error('An output cannot load data.'))}})
.catch(error=>{figure.textContent=String(error)})</script>`,
}
