/** Keys pressed while an input method composes belong to the input method (229: older engines). */
export function isComposing(event: KeyboardEvent): boolean {
  return event.isComposing || event.keyCode === 229
}

export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false
  return target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName)
}

/** Keys that the focused control has a use for: Enter presses a button, the arrows scroll or choose. */
function belongsToControl(event: KeyboardEvent): boolean {
  if (!(event.target instanceof HTMLElement)) return false
  if (event.key === 'Enter') return event.target.closest('button, a, summary, label') !== null
  if (event.key.startsWith('Arrow')) {
    return event.target.closest('[role="radiogroup"], [tabindex="0"]:not(button)') !== null
  }
  return false
}

/** Also while it closes, so that the Esc that closes it does nothing more. */
function isModalOpen(): boolean {
  return [...document.querySelectorAll('[aria-modal="true"]')].some((modal) => modal.getClientRects().length > 0)
}

export type ShortcutMap = Record<string, (event: KeyboardEvent) => void>

/** Single-key shortcuts: never while typing, composing, with a modifier, or inside an open dialog. */
export function handleShortcut(event: KeyboardEvent, shortcuts: ShortcutMap): boolean {
  if (event.defaultPrevented || isComposing(event) || isTyping(event.target)) return false
  if (event.ctrlKey || event.metaKey || event.altKey) return false
  if (event.target instanceof HTMLElement && event.target.closest('[role="dialog"], [role="menu"]')) return false
  if (belongsToControl(event) || isModalOpen()) return false
  const run = shortcuts[event.key.length === 1 ? event.key.toLowerCase() : event.key]
  if (!run) return false
  event.preventDefault()
  run(event)
  return true
}

/** Enter sends, Shift+Enter breaks the line, Enter that confirms an input method does neither. */
export function isSendKey(event: KeyboardEvent): boolean {
  return event.key === 'Enter' && !event.shiftKey && !event.altKey && !isComposing(event)
}
