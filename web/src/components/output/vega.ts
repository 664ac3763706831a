import vega from '../../../node_modules/vega/build/vega.min.js?url'
import embed from '../../../node_modules/vega-embed/build/vega-embed.min.js?url'
import lite from '../../../node_modules/vega-lite/build/vega-lite.min.js?url'

export default [vega, lite, embed]
