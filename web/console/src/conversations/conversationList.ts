import type { Conversation, ConversationView } from '../api/types'

export const CONVERSATION_VIEWS: ConversationView[] = ['mine', 'queue', 'bot', 'resolved', 'all']

export function belongsToView(conversation: Conversation, view: ConversationView, agentId: string): boolean {
  switch (view) {
    case 'mine':
      return conversation.status === 'assigned' && conversation.assignee?.id === agentId
    case 'queue':
      return conversation.status === 'queued'
    case 'bot':
      return conversation.status === 'bot'
    case 'resolved':
      return conversation.status === 'resolved'
    case 'all':
      return true
  }
}

const activity = (conversation: Conversation) => conversation.last_message?.created_at ?? conversation.updated_at

/** The queue is served in the order of waiting; every other view shows the latest first. */
export function compareForView(view: ConversationView): (a: Conversation, b: Conversation) => number {
  if (view === 'queue') {
    return (a, b) => (a.waiting_since ?? a.updated_at).localeCompare(b.waiting_since ?? b.updated_at)
  }
  return (a, b) => activity(b).localeCompare(activity(a))
}

export interface ListContext {
  view: ConversationView
  agentId: string
  /** A search result cannot be extended by an event: the server alone knows what matches. */
  searching: boolean
}

/** Returns the list with one conversation brought up to date: moved, added or taken out. */
export function applyConversation(
  list: readonly Conversation[],
  conversation: Conversation,
  { view, agentId, searching }: ListContext,
): Conversation[] {
  const known = list.find((item) => item.id === conversation.id)
  if (known && known.updated_at > conversation.updated_at) return [...list]
  const rest = list.filter((item) => item.id !== conversation.id)
  if (!belongsToView(conversation, view, agentId)) return rest
  if (!known && searching) return rest
  if (searching) return list.map((item) => (item.id === conversation.id ? conversation : item))
  return [...rest, conversation].sort(compareForView(view))
}

/** Adds a further page behind the list, without repeats. */
export function appendPage(
  list: readonly Conversation[],
  page: readonly Conversation[],
  { view, searching }: Pick<ListContext, 'view' | 'searching'>,
): Conversation[] {
  const ids = new Set(list.map((item) => item.id))
  const merged = [...list, ...page.filter((item) => !ids.has(item.id))]
  return searching ? merged : merged.sort(compareForView(view))
}

/** The neighbour to go to with ↑/↓ or J/K; the ends stop. */
export function neighbourId(
  list: readonly { id: string }[],
  currentId: string | null,
  step: 1 | -1,
): string | null {
  if (list.length === 0) return null
  const index = list.findIndex((item) => item.id === currentId)
  if (index === -1) return list[step === 1 ? 0 : list.length - 1]?.id ?? null
  return list[Math.min(Math.max(index + step, 0), list.length - 1)]?.id ?? null
}

export type WaitLevel = 'fresh' | 'amber' | 'red'

export function waitLevel(seconds: number): WaitLevel {
  if (seconds > 180) return 'red'
  return seconds > 60 ? 'amber' : 'fresh'
}

export function secondsSince(timestamp: string | null, now: number): number {
  if (!timestamp) return 0
  return Math.max(0, Math.floor((now - Date.parse(timestamp)) / 1000))
}
