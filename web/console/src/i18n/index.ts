import { createI18n } from 'vue-i18n'
import { setRequestLanguage } from '../api/http'
import en from './en'
import zhCN from './zh-CN'

type Texts<T> = { [K in keyof T]: T[K] extends string ? string : Texts<T[K]> }
export type Catalogue = Texts<typeof zhCN>
export type Locale = 'zh-CN' | 'en'

export const LOCALES: { value: Locale; name: string }[] = [
  { value: 'zh-CN', name: '中文' },
  { value: 'en', name: 'English' },
]

export function browserLocale(languages: readonly string[] = navigator.languages): Locale {
  for (const language of languages) {
    if (/^zh/i.test(language)) return 'zh-CN'
    if (/^en/i.test(language)) return 'en'
  }
  return 'zh-CN'
}

export const i18n = createI18n({
  legacy: false,
  locale: 'zh-CN' as Locale,
  fallbackLocale: 'zh-CN',
  messages: { 'zh-CN': zhCN as Catalogue, en },
})

export const t = i18n.global.t

/** True when the catalogue has a text, for codes that the server may extend. */
export const te = (key: string): boolean => i18n.global.te(key)

export function setLocale(locale: Locale): void {
  i18n.global.locale.value = locale
  document.documentElement.lang = locale
  setRequestLanguage(locale)
}
