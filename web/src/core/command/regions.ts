import { page } from '../session/page'

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

/** The focus to the stage itself, where all single keys act. */
export function leaveCards(): void {
  document.querySelector<HTMLElement>('.stage-area')?.focus({ preventScroll: true })
}
/** After a click on a toolbar: keys are for the code that is edited or for the stage, not for that button again. */
export function backToStage(event: { readonly detail: number }): void {
  const { dialog, menu } = page()
  if (event.detail === 0 || dialog !== undefined || menu !== undefined) return
  const at = ['.cm-content', '.card[tabindex="0"]'].map((name) =>
    document.querySelector<HTMLElement>(`.stage-area ${name}`),
  )
  const found = at.find((element) => element !== null)
  if (found) found.focus({ preventScroll: true })
  else leaveCards()
}
