import { zhCN } from './zh-CN'
import type { Catalogue, MessageKey } from './zh-CN'

export type { Catalogue }
export type Language = 'zh-CN' | 'en'
export type Translate = (key: MessageKey, values?: Record<string, string | number>) => string

declare global {
  interface Window {
    /** Set by widget-en.js. */
    yingdaEnglish?: Catalogue
  }
  /** Changes with the English file, so that an old copy in a cache never meets a newer application. Set by the build. */
  const ENGLISH_VERSION: string
}

/** Chinese of any kind reads zh-CN, everything else English. */
export function pickLanguage(wanted: string | null, browser: string | undefined): Language {
  return /^zh\b/i.test(wanted || browser || 'zh-CN') ? 'zh-CN' : 'en'
}

/** Chinese is part of the application; English is a file of its own, and if it cannot be had Chinese has to do. */
export function loadCatalogue(language: Language, host: string): Promise<Catalogue> {
  if (language === 'zh-CN') return Promise.resolve(zhCN)
  return new Promise(resolve => {
    const done = (): void => resolve(window.yingdaEnglish ?? zhCN)
    if (window.yingdaEnglish) return done()
    const script = document.createElement('script')
    script.src = `${host}/static/widget/widget-en.js?v=${ENGLISH_VERSION}`
    script.onload = script.onerror = done
    document.head.append(script)
  })
}

export function translator(catalogue: Catalogue): Translate {
  return (key, values = {}) => catalogue[key].replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ''))
}
