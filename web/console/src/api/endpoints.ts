import { download, request } from './http'
import type {
  AccessToken,
  Agent,
  Answer,
  ApiKey,
  AuditEntry,
  CannedReply,
  Conversation,
  ConversationCounts,
  ConversationDetail,
  ConversationView,
  Credentials,
  Enrolment,
  KnowledgeCategory,
  KnowledgeEntry,
  Link,
  Me,
  Member,
  MemberChange,
  NewApiKey,
  Page,
  Presence,
  PublicInfo,
  RoleDefinition,
  Setup,
  SetupResult,
  SignInSession,
  StatsOverview,
} from './types'

const at = (id: string) => encodeURIComponent(id)

export const sessionApi = {
  info: () => request<PublicInfo>('/public/info', { anonymous: true }),
  login: (body: Credentials) => request<AccessToken>('/auth/token', { method: 'POST', body, anonymous: true }),
  setUp: (body: Setup) => request<SetupResult>('/setup', { method: 'POST', body, anonymous: true }),
  usePasswordLink: (body: { token: string; password: string }) =>
    request<void>('/auth/links', { method: 'POST', body, anonymous: true }),
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

export const accountApi = {
  sessions: () => request<{ items: SignInSession[] }>('/me/sessions').then((page) => page.items),
  endSession: (id: string) => request<void>(`/me/sessions/${at(id)}`, { method: 'DELETE' }),
  endOtherSessions: () => request<void>('/me/sessions', { method: 'DELETE' }),
  changePassword: (body: { current_password: string; new_password: string }) =>
    request<void>('/me/password', { method: 'PUT', body }),
  enrol: (password: string) => request<Enrolment>('/me/second-factor', { method: 'POST', body: { password } }),
  confirmEnrolment: (code: string) =>
    request<{ recovery_codes: string[] }>('/me/second-factor/confirm', { method: 'POST', body: { code } }),
  removeSecondFactor: (password: string) =>
    request<void>('/me/second-factor/remove', { method: 'POST', body: { password } }),
}

export const memberApi = {
  list: () => request<{ items: Member[] }>('/members').then((page) => page.items),
  roles: () => request<{ items: RoleDefinition[] }>('/roles').then((page) => page.items),
  invite: (body: { email: string; name: string; role: string }) =>
    request<{ member: Member; link: Link }>('/members', { method: 'POST', body }),
  change: (id: string, body: MemberChange) => request<Member>(`/members/${at(id)}`, { method: 'PATCH', body }),
  reset: (id: string, secondFactor: boolean) =>
    request<Link>(`/members/${at(id)}/reset`, { method: 'POST', body: { second_factor: secondFactor } }),
  signOut: (id: string) => request<void>(`/members/${at(id)}/sessions`, { method: 'DELETE' }),
}

export type AuditQuery = { actor_id?: string; action?: string; since?: string; until?: string }

export const auditApi = {
  list: (query: AuditQuery & { limit?: number; cursor?: string | null }) =>
    request<Page<AuditEntry>>('/audit', { query: { ...query } }),
  export: (query: AuditQuery) => download('/audit/export', { ...query }),
}

export const apiKeyApi = {
  list: () => request<{ items: ApiKey[] }>('/api-keys').then((page) => page.items),
  create: (body: { name: string; scopes: string[]; days: number }) =>
    request<NewApiKey>('/api-keys', { method: 'POST', body }),
  revoke: (id: string) => request<void>(`/api-keys/${at(id)}`, { method: 'DELETE' }),
}
