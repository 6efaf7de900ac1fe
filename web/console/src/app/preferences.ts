import { reactive, watch } from 'vue'
import { browserLocale, setLocale, type Locale } from '../i18n'

export type ThemeChoice = 'light' | 'dark' | 'system'

export interface Preferences {
  theme: ThemeChoice
  locale: Locale
  notifications: boolean
  sound: boolean
  showSuggestions: boolean
}

const KEY = 'yingda.console.preferences'

function read(): Preferences {
  let stored: Partial<Record<keyof Preferences, unknown>> = {}
  try {
    stored = (JSON.parse(localStorage.getItem(KEY) ?? '{}') ?? {}) as typeof stored
  } catch {
    // Unreadable: start with the defaults.
  }
  return {
    theme: stored.theme === 'light' || stored.theme === 'dark' ? stored.theme : 'system',
    locale: stored.locale === 'zh-CN' || stored.locale === 'en' ? stored.locale : browserLocale(),
    notifications: stored.notifications !== false,
    sound: stored.sound !== false,
    showSuggestions: stored.showSuggestions !== false,
  }
}

/** What a person chose on this device. */
export const preferences = reactive(read())

const darkSystem = window.matchMedia('(prefers-color-scheme: dark)')

function applyTheme() {
  const root = document.documentElement
  const dark = preferences.theme === 'dark' || (preferences.theme === 'system' && darkSystem.matches)
  if (preferences.theme === 'system') root.removeAttribute('data-theme')
  else root.dataset.theme = preferences.theme
  root.classList.toggle('dark', dark) // Element Plus
}

export function startPreferences(): void {
  watch(
    preferences,
    (next) => {
      try {
        localStorage.setItem(KEY, JSON.stringify(next))
      } catch {
        // Private window: the choice lives as long as the page.
      }
    },
    { deep: true },
  )
  watch(() => preferences.theme, applyTheme, { immediate: true })
  darkSystem.addEventListener('change', applyTheme)
  watch(() => preferences.locale, setLocale, { immediate: true })
}
