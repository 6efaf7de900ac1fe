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

export type Role = 'admin' | 'supervisor' | 'agent' | 'editor' | 'analyst'
/** What a person can choose; `offline` is only observed. */
export type Presence = Exclude<AgentPresence, 'offline'>

export type User = Narrow<Schemas['UserOut'], { role: Role }>
export type Tenant = Schemas['TenantOut']
export type Me = Narrow<Schemas['MeOut'], { user: User; presence: AgentPresence }>
export type AccessToken = Narrow<Schemas['SignedInOut'], { user: User }>
export type PublicInfo = Schemas['PublicInfoOut']
export type Agent = Narrow<Schemas['AgentOut'], { role: Role; presence: AgentPresence }>
export type CannedReply = Schemas['CannedReplyOut']

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
