import plotly from 'plotly.js-cartesian-dist-min/plotly-cartesian.min.js?url'

export default [plotly]
