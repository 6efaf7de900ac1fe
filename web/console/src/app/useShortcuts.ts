import { onScopeDispose } from 'vue'
import { handleShortcut, type ShortcutMap } from '../ui/keyboard'

/** Single-key shortcuts while the caller is on screen. */
export function useShortcuts(shortcuts: ShortcutMap): void {
  const listener = (event: KeyboardEvent) => void handleShortcut(event, shortcuts)
  window.addEventListener('keydown', listener)
  onScopeDispose(() => window.removeEventListener('keydown', listener))
}
