/** The wire types of the HTTP API and the chat protocol, as docs/api.md gives them. */

export type SenderKind = 'customer' | 'bot' | 'agent' | 'system'
export type ConversationStatus = 'bot' | 'queued' | 'assigned' | 'resolved'
export type Presence = 'online' | 'busy' | 'away' | 'offline'

export interface Sender {
  kind: SenderKind
  id: string | null
  name: string
}

export interface Button {
  title: string
  payload: string
}

export interface TextContent {
  kind: 'text'
  text: string
  /** Rendered and sanitised by the server; only on bot and agent messages. */
  html?: string | null
  buttons?: Button[] | null
}

export interface EventContent {
  kind: 'event'
  event: string
  text: string
  data?: Record<string, unknown>
}

export type Content = TextContent | EventContent

/** What a client may send. */
export interface OutgoingContent {
  kind: 'text'
  text: string
}

export interface AnswerNote {
  action: 'answer' | 'suggest' | 'clarify' | 'handoff' | 'reject'
  confidence: number
  faq_id: string | null
  question: string | null
}

export interface Message {
  id: string
  conversation_id: string
  /** 1, 2, 3 … in each conversation; null for an internal note, which hangs behind `anchor_seq` instead. */
  seq: number | null
  anchor_seq?: number | null
  sender: Sender
  content: Content
  note?: boolean
  created_at: string
  client_msg_id?: string | null
  answer?: AnswerNote | null
}

export interface LastMessage {
  seq: number
  sender_kind: SenderKind
  preview: string
  created_at: string
}

export interface Person {
  id: string
  name: string
}

export interface HandoffSummary {
  questions: string[]
  answers: { question: string; text: string; confidence: number }[]
  sentiment: string
  entities: unknown[]
}

export interface Handoff {
  id: string
  state: string
  reason: string
  trigger: string
  note: string | null
  requested_at: string
  accepted_at: string | null
  summary: HandoffSummary | null
}

export interface Conversation {
  id: string
  status: ConversationStatus
  inbox: { id: string; name: string; channel: string }
  contact: Person & { created_at?: string; attributes?: Record<string, unknown> }
  assignee: Person | null
  last_seq: number
  last_message: LastMessage | null
  unread: number
  agent_read_seq: number
  contact_read_seq: number
  waiting_since: string | null
  created_at: string
  updated_at: string
  /** Only from GET /conversations/{id}. */
  handoff?: Handoff | null
}

export interface Page<T> {
  items: T[]
  next_cursor: string | null
}

/** RFC 9457 problem document. */
export interface Problem {
  type?: string
  title: string
  status: number
  detail?: string
  code: string
  errors?: unknown
}

export interface VisitorConfig {
  tenant: { name: string }
  bot: { name: string }
  welcome: string
  suggestions: string[]
  color: string
  ai_notice: string
  max_message_chars: number
  service_hours: string
}

export interface VisitorSession {
  token: string
  contact_id: string
  conversation_id: string
  config: VisitorConfig
}

/** `{"type":"event","event":…}` frames, by event name. */
export interface ServerEvents {
  'conversation.updated': { conversation: Conversation }
  'handoff.queued': { conversation_id: string; position: number }
  'handoff.accepted': { conversation_id: string; agent: Person }
  'conversation.resolved': { conversation_id: string }
  'conversation.returned_to_bot': { conversation_id: string }
  'typing.started': { conversation_id: string; sender: { kind: SenderKind; name: string } }
  'message.read': { conversation_id: string; reader: 'customer' | 'agent'; seq: number }
  'presence.changed': { agent: Person & { presence: Presence } }
  'sync.required': Record<string, never>
}

export type ServerEventName = keyof ServerEvents

export type ClientFrame =
  | { type: 'send'; client_msg_id: string; conversation_id: string; content: OutgoingContent; note?: boolean }
  | { type: 'sync'; conversation_id: string; after_seq: number }
  | { type: 'read'; conversation_id: string; seq: number }
  | { type: 'typing'; conversation_id: string }
  | { type: 'ping' }

export interface AckFrame {
  type: 'ack'
  client_msg_id: string
  message_id: string
  conversation_id: string
  /** null for an internal note. */
  seq: number | null
  created_at: string
}

export interface ErrorFrame {
  type: 'error'
  code: string
  detail: string
  client_msg_id?: string
}

export type EventFrame = { [K in ServerEventName]: { type: 'event'; event: K } & ServerEvents[K] }[ServerEventName]

export type ServerFrame =
  | AckFrame
  | ErrorFrame
  | EventFrame
  | { type: 'message'; message: Message }
  | { type: 'synced'; conversation_id: string; last_seq: number }
  | { type: 'pong' }
