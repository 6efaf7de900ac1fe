import { i18n, t } from '../i18n'
import { localDay } from '../conversations/timeline'

const formatters = new Map<string, Intl.DateTimeFormat>()

function formatter(name: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const locale = i18n.global.locale.value
  const key = `${locale}:${name}`
  let known = formatters.get(key)
  if (!known) {
    known = new Intl.DateTimeFormat(locale, options)
    formatters.set(key, known)
  }
  return known
}

export function formatClock(timestamp: string): string {
  return formatter('clock', { hour: '2-digit', minute: '2-digit', hour12: false }).format(new Date(timestamp))
}

export function formatDateTime(timestamp: string): string {
  return formatter('datetime', {
    year: 'numeric',
    month: 'short',
    day: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    hour12: false,
  }).format(new Date(timestamp))
}

function daysAgo(timestamp: string, now: number): number {
  return Math.round((Date.parse(localDay(new Date(now).toISOString())) - Date.parse(localDay(timestamp))) / 86_400_000)
}

/** The heading of a day in a conversation. */
export function formatDay(timestamp: string, now: number): string {
  const ago = daysAgo(timestamp, now)
  if (ago === 0) return t('timeline.today')
  if (ago === 1) return t('timeline.yesterday')
  const sameYear = new Date(timestamp).getFullYear() === new Date(now).getFullYear()
  return sameYear
    ? formatter('day', { month: 'long', day: 'numeric', weekday: 'short' }).format(new Date(timestamp))
    : formatter('day-year', { year: 'numeric', month: 'long', day: 'numeric' }).format(new Date(timestamp))
}

/** Short time for a list row: the clock today, then the day. */
export function formatListTime(timestamp: string, now: number): string {
  const ago = daysAgo(timestamp, now)
  if (ago <= 0) return now - Date.parse(timestamp) < 60_000 ? t('time.justNow') : formatClock(timestamp)
  if (ago === 1) return t('time.yesterday')
  return formatter('short-day', { month: 'numeric', day: 'numeric' }).format(new Date(timestamp))
}

/** A ticking wait: seconds while it is short. */
export function formatWait(seconds: number): string {
  if (seconds < 60) return t('time.seconds', { n: seconds })
  if (seconds < 600) return t('time.minutesSeconds', { m: Math.floor(seconds / 60), s: seconds % 60 })
  if (seconds < 3600) return t('time.minutes', { n: Math.floor(seconds / 60) })
  if (seconds < 86_400) {
    return t('time.hoursMinutes', { h: Math.floor(seconds / 3600), m: Math.floor((seconds % 3600) / 60) })
  }
  return t('time.days', { n: Math.floor(seconds / 86_400) })
}

export function formatDuration(milliseconds: number): string {
  if (milliseconds < 1000) return t('time.milliseconds', { n: Math.round(milliseconds) })
  if (milliseconds < 60_000) return t('time.seconds', { n: (milliseconds / 1000).toFixed(1).replace(/\.0$/, '') })
  return formatWait(Math.round(milliseconds / 1000))
}

/** Never rounded up to certainty: 99.6 % is shown as 99 %. */
export function formatPercent(share: number, digits = 0): string {
  const scale = 10 ** digits
  const percent = Math.round(share * 100 * scale) / scale
  const capped = share < 1 && percent >= 100 ? 100 - 1 / scale : percent
  return `${capped.toFixed(digits)}%`
}

export function formatNumber(value: number): string {
  return new Intl.NumberFormat(i18n.global.locale.value).format(value)
}
