import { request } from './http'
import type {
  AccessToken,
  Agent,
  Answer,
  CannedReply,
  Conversation,
  ConversationCounts,
  ConversationDetail,
  ConversationView,
  KnowledgeCategory,
  KnowledgeEntry,
  Me,
  Page,
  Presence,
  PublicInfo,
  StatsOverview,
} from './types'

const at = (id: string) => encodeURIComponent(id)

export const sessionApi = {
  info: () => request<PublicInfo>('/public/info', { anonymous: true }),
  login: (body: { email: string; password: string; tenant?: string }) =>
    request<AccessToken>('/auth/token', { method: 'POST', body, anonymous: true }),
  logout: () => request<void>('/auth/token', { method: 'DELETE' }),
  me: () => request<Me>('/me'),
  setPresence: (presence: Presence) => request<unknown>('/me/presence', { method: 'PUT', body: { presence } }),
  agents: () => request<{ items: Agent[] }>('/agents').then((page) => page.items),
  cannedReplies: () => request<{ items: CannedReply[] }>('/canned-replies').then((page) => page.items),
}

export interface ConversationQuery {
  view?: ConversationView
  q?: string
  contact_id?: string
  limit?: number
  cursor?: string | null
}

export const conversationApi = {
  list: (query: ConversationQuery) =>
    request<Page<Conversation>>('/conversations', { query: { ...query } }),
  counts: () => request<ConversationCounts>('/conversations/counts'),
  get: (id: string) => request<ConversationDetail>(`/conversations/${at(id)}`),
  accept: (id: string) => request<Conversation>(`/conversations/${at(id)}/accept`, { method: 'POST' }),
  transfer: (id: string, agentId: string) =>
    request<Conversation>(`/conversations/${at(id)}/transfer`, { method: 'POST', body: { agent_id: agentId } }),
  resolve: (id: string) => request<Conversation>(`/conversations/${at(id)}/resolve`, { method: 'POST' }),
  reopen: (id: string) => request<Conversation>(`/conversations/${at(id)}/reopen`, { method: 'POST' }),
  returnToBot: (id: string) => request<Conversation>(`/conversations/${at(id)}/return-to-bot`, { method: 'POST' }),
}

export const knowledgeApi = {
  answer: (text: string, conversationId?: string) =>
    request<Answer>('/answer', { method: 'POST', body: { text, conversation_id: conversationId } }),
  entries: (query: { q?: string; category?: string; limit?: number; cursor?: string | null }) =>
    request<Page<KnowledgeEntry>>('/kb/entries', { query: { ...query } }),
  entry: (id: string) => request<KnowledgeEntry>(`/kb/entries/${at(id)}`),
  categories: () => request<{ items: KnowledgeCategory[] }>('/kb/categories').then((page) => page.items),
}

export const statsApi = {
  overview: (days: number) =>
    request<StatsOverview>('/stats/overview', { query: { days } }),
}
