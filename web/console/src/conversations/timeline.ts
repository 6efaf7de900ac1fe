import type { TimelineMessage } from '@yingda/chat-client'

export type DeliveryState = 'sending' | 'sent' | 'read' | 'failed'

export type TimelineItem =
  | { type: 'day'; key: string; at: string }
  | {
      type: 'message'
      key: string
      message: TimelineMessage
      /** Only for what this agent wrote, and said once for messages that follow each other. */
      delivery: DeliveryState | null
      /** Continues the previous speaker: no name and no picture again. */
      grouped: boolean
    }

export interface TimelineOptions {
  agentId: string
  contactReadSeq: number
}

const GROUP_GAP_MS = 3 * 60_000

export function localDay(timestamp: string): string {
  const date = new Date(timestamp)
  return `${date.getFullYear()}-${String(date.getMonth() + 1).padStart(2, '0')}-${String(date.getDate()).padStart(2, '0')}`
}

function continues(previous: TimelineMessage | null, message: TimelineMessage): boolean {
  return (
    previous !== null &&
    previous.content.kind === 'text' &&
    message.content.kind === 'text' &&
    previous.sender.kind === message.sender.kind &&
    previous.sender.id === message.sender.id &&
    Boolean(previous.note) === Boolean(message.note) &&
    Date.parse(message.created_at) - Date.parse(previous.created_at) < GROUP_GAP_MS
  )
}

export function deliveryOf(message: TimelineMessage, { agentId, contactReadSeq }: TimelineOptions): DeliveryState | null {
  const mine = message.own || (message.sender.kind === 'agent' && message.sender.id === agentId)
  if (!mine) return null
  if (message.status !== 'sent') return message.status
  return message.seq !== null && message.seq <= contactReadSeq ? 'read' : 'sent'
}

/** What the conversation shows: the messages in their order, with a line where a new day begins. */
export function buildTimeline(messages: readonly TimelineMessage[], options: TimelineOptions): TimelineItem[] {
  const items: TimelineItem[] = []
  let day = ''
  let previous: TimelineMessage | null = null
  for (const message of messages) {
    const next = localDay(message.created_at)
    if (next !== day) {
      day = next
      previous = null
      items.push({ type: 'day', key: `day:${next}`, at: message.created_at })
    }
    items.push({
      type: 'message',
      key: message.key,
      message,
      delivery: deliveryOf(message, options),
      grouped: continues(previous, message),
    })
    previous = message
  }
  return items.map((item, index) => {
    const next = items[index + 1]
    const repeated =
      item.type === 'message' &&
      next?.type === 'message' &&
      next.grouped &&
      next.delivery === item.delivery &&
      item.delivery !== 'failed'
    return repeated ? { ...item, delivery: null } : item
  })
}

export function lastCustomerText(messages: readonly TimelineMessage[]): string | null {
  for (let index = messages.length - 1; index >= 0; index -= 1) {
    const message = messages[index]
    if (message?.sender.kind === 'customer' && message.content.kind === 'text') return message.content.text
  }
  return null
}

export function highestSeq(items: readonly TimelineItem[]): number {
  return items.reduce(
    (highest, item) => (item.type === 'message' ? Math.max(highest, item.message.seq ?? 0) : highest),
    0,
  )
}
