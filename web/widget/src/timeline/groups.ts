import type { TimelineMessage } from '@yingda/chat-client'
import type { Language, Translate } from '../i18n'

export interface TimelineItem {
  message: TimelineMessage
  /** Set on the first message of a day. */
  day: string | null
  /** First of a run of messages by one sender: shows who speaks. */
  first: boolean
  /** Last of a run: shows time and status. */
  last: boolean
}

const RUN_GAP_MS = 5 * 60_000

/** Cuts a timeline into days and runs of one speaker. */
export function groupMessages(
  messages: readonly TimelineMessage[],
  language: Language,
  t: Translate,
  now = new Date(),
): TimelineItem[] {
  return messages.map((message, at) => {
    const before = messages[at - 1]
    const after = messages[at + 1]
    const newDay = !before || dayKey(before) !== dayKey(message)
    return {
      message,
      day: newDay ? dayLabel(new Date(message.created_at), language, t, now) : null,
      first: newDay || !sameRun(before, message),
      last: !after || dayKey(after) !== dayKey(message) || !sameRun(message, after),
    }
  })
}

export function timeOfDay(iso: string, language: Language): string {
  return new Date(iso).toLocaleTimeString(language, { hour: '2-digit', minute: '2-digit', hour12: false })
}

function sameRun(a: TimelineMessage, b: TimelineMessage): boolean {
  return (
    a.sender.kind === b.sender.kind &&
    a.sender.id === b.sender.id &&
    a.content.kind === b.content.kind &&
    Date.parse(b.created_at) - Date.parse(a.created_at) < RUN_GAP_MS
  )
}

function dayKey(message: TimelineMessage): string {
  return new Date(message.created_at).toDateString()
}

function dayLabel(day: Date, language: Language, t: Translate, now: Date): string {
  if (day.toDateString() === now.toDateString()) return t('timeline.today')
  const yesterday = new Date(now)
  yesterday.setDate(now.getDate() - 1)
  if (day.toDateString() === yesterday.toDateString()) return t('timeline.yesterday')
  const year = day.getFullYear() === now.getFullYear() ? undefined : 'numeric'
  return day.toLocaleDateString(language, { year, month: 'long', day: 'numeric' })
}
