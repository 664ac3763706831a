const regions = ['.top', '.rail', '.panel', '.stage-area', '.inspector', '.drawer']
const stops = 'button:not([tabindex="-1"]):not(:disabled), a[href], input, select, [tabindex="0"]'

/** Move the focus to the next part of the page that is shown: top, rail, panel, stage, inspector, drawer. */
export function nextRegion(step: 1 | -1): void {
  const shown = regions.flatMap((name) => {
    const region = document.querySelector<HTMLElement>(name)
    return region && region.offsetParent !== null ? [region] : []
  })
  if (shown.length === 0) return
  const at = shown.findIndex((region) => region.contains(document.activeElement))
  const next = shown[(at + step + shown.length + (at < 0 && step < 0 ? 1 : 0)) % shown.length]!
  const first = next.matches('.stage-area')
    ? next.querySelector<HTMLElement>('.card[tabindex="0"]')
    : next.querySelector<HTMLElement>(stops)
  ;(first ?? next).focus()
}
