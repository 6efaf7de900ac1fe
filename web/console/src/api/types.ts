// Shapes of the HTTP API (docs/api.md). `schema.d.ts` is generated from the server's OpenAPI document
// (npm run generate-api); what the chat protocol shares comes from the chat client, which types it more closely.

import type { Conversation, Handoff, Presence as AgentPresence } from '@yingda/chat-client'
import type { components } from './schema'

export type {
  Conversation,
  ConversationStatus,
  Handoff,
  HandoffSummary,
  Message,
  Page,
  Presence as AgentPresence,
  SenderKind,
} from '@yingda/chat-client'

type Schemas = components['schemas']
type Narrow<T, U> = Omit<T, keyof U> & U

/** `resource.verb`; /me lists those of the person. */
export type Permission =
  | 'conversation.read'
  | 'conversation.handle'
  | 'knowledge.read'
  | 'stats.read'
  | 'member.read'
  | 'member.manage'
  | 'role.read'
  | 'audit.read'
  | 'api_key.manage'

/** What a person can choose; `offline` is only observed. */
export type Presence = Exclude<AgentPresence, 'offline'>

/** A role is a built-in name (`admin`, `agent`, …) or the id of a role that the tenant made. */
export type User = Schemas['UserOut']
export type Tenant = Schemas['TenantOut']
export type Me = Narrow<Schemas['MeOut'], { presence: AgentPresence }>
export type Credentials = Schemas['SignInBody']
export type AccessToken = Schemas['SignedInOut']
export type Setup = Schemas['SetupBody']
export type SetupResult = Schemas['SetupOut']
export type PublicInfo = Schemas['PublicInfoOut']
export type Agent = Narrow<Schemas['AgentOut'], { presence: AgentPresence }>
export type CannedReply = Schemas['CannedReplyOut']

export type Member = Narrow<Schemas['MemberOut'], { status: 'invited' | 'active' | 'disabled' }>
export type MemberChange = Partial<Pick<Schemas['MemberOut'], 'name' | 'role'>> & { is_active?: boolean }
export type Link = Schemas['LinkOut']
export type RoleDefinition = Schemas['RoleOut']
export type SignInSession = Schemas['SessionOut']
export type Enrolment = Schemas['EnrolmentOut']
export type ApiKey = Schemas['ApiKeyOut']
export type NewApiKey = Schemas['NewApiKeyOut']
export type AuditEntry = Schemas['AuditEntryOut']

export type ConversationView = 'mine' | 'queue' | 'bot' | 'resolved' | 'all'
export type ConversationDetail = Conversation & { handoff: Handoff | null }
export type ConversationCounts = Schemas['CountsOut']

export type Answer = Schemas['AnswerOut']
export type AnswerCandidate = Schemas['CandidateOut']
export type KnowledgeEntry = Schemas['EntryOut']
export type KnowledgeCategory = Schemas['CategoryOut']

export interface StatsDay {
  date: string
  conversations: number
  bot_resolved: number
  handoffs: number
  messages: number
}

export interface StatsOverview {
  days: StatsDay[]
  totals: {
    conversations: number
    bot_resolved: number
    handoffs: number
    bot_resolution_rate: number | null
    median_first_reply_ms: number | null
  }
  top_questions: { faq_id: string; question: string; count: number }[]
  channels: { channel: string; count: number }[]
}
