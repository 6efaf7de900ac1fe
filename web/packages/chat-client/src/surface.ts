import type { Conversation, ErrorFrame, Message, OutgoingContent, ServerEvents } from './types'
import type { OutboxStore } from './outbox'
import type { HttpClient } from './http'

/**
 * connecting: the first attempt is under way. online: messages flow (over the socket or by polling).
 * reconnecting: the connection was lost and is being made again. offline: the browser has no network, or the
 * client was closed or refused.
 */
export type ConnectionState = 'connecting' | 'online' | 'reconnecting' | 'offline'
export type Transport = 'websocket' | 'polling' | 'none'
export type SendStatus = 'sending' | 'sent' | 'failed'

/** Why a message failed. `code` is the server's code, or `timeout` when no answer came in time. */
export interface SendFailure {
  code: string
  detail: string
}

/** One entry of a timeline: a stored message, or one of our own that is still on its way. */
export interface TimelineMessage extends Message {
  /** Stable over sending → sent, so that a list does not rebuild the bubble. */
  key: string
  status: SendStatus
  /** Written by this client (any tab with the same outbox). */
  own: boolean
  failure: SendFailure | null
}

/** Everything a view needs to draw one open conversation. A new object on every change. */
export interface ConversationView {
  conversationId: string
  messages: readonly TimelineMessage[]
  /** idle: not opened. loading: first page on its way. ready. error: it failed; `open()` again to retry. */
  history: 'idle' | 'loading' | 'ready' | 'error'
  error: Error | null
  hasOlder: boolean
  loadingOlder: boolean
  /** How far the other side and we have read, by seq. */
  readSeq: { customer: number; agent: number }
  lastSeq: number
  /** Status, assignee and the rest as last known; kept in step with the events. */
  conversation: Conversation | null
  /** Place in the queue (1 = next) while queued, when the server told it. */
  queuePosition: number | null
}

export interface ClientEvents extends ServerEvents {
  state: { state: ConnectionState; transport: Transport }
  /** The view of an open conversation changed. */
  changed: ConversationView
  /** A message this client has not seen before. `live` is false for history and replays. */
  message: { message: Message; live: boolean }
  /** A refusal that belongs to no message of ours. */
  error: ErrorFrame
}

export type ClientEventName = keyof ClientEvents

export interface SocketLike {
  readonly readyState: number
  onopen: ((event: Event) => void) | null
  onmessage: ((event: MessageEvent) => void) | null
  onclose: ((event: CloseEvent) => void) | null
  onerror: ((event: Event) => void) | null
  send(data: string): void
  close(code?: number, reason?: string): void
}

export interface ChatClientOptions {
  /** Origin of the server, for example `https://chat.example.com`; '' means the page's own origin. */
  baseUrl: string
  /** Visitor token or agent access token. */
  token: string
  role: 'customer' | 'agent'
  /** Shown as the sender of messages that are not yet stored. */
  self?: { id?: string | null; name?: string }
  /**
   * The token was refused. Return a new token (or a promise of one) to go on; return nothing and the client
   * stays offline.
   */
  onUnauthorized?: () => void | string | null | Promise<void | string | null>
  /**
   * Whose outbox this is, for example `agent:<user id>`. Unsent messages survive a reload only under the same
   * scope, and are never sent as somebody else. Default: derived from server, role and token.
   */
  scope?: string
  /** Accept-Language of the HTTP calls. */
  language?: string
  outbox?: OutboxStore
  WebSocket?: new (url: string) => SocketLike
  fetch?: typeof fetch
}

export interface ChatClient {
  readonly state: ConnectionState
  readonly transport: Transport
  readonly http: HttpClient
  /** Opens the connection; called once. Sending works before it, into the outbox. */
  connect(): void
  /** Ends everything; unsent messages stay in the outbox for the next start. */
  close(): void
  /** Tries at once instead of waiting for the back-off. */
  retryNow(): void
  setToken(token: string): void
  /** Loads the newest page and keeps the conversation in step from then on. Safe to call again. */
  open(conversationId: string): Promise<void>
  /** Stops keeping it in step and forgets its timeline. */
  leave(conversationId: string): void
  view(conversationId: string): ConversationView
  /** Asks for status, assignee and read marks now, for example after a call that changed them. */
  refresh(conversationId: string): Promise<void>
  /** Prepends one older page; false when there is none. */
  loadOlder(conversationId: string): Promise<boolean>
  /** Shows at once, sends when it can. */
  send(conversationId: string, content: OutgoingContent | string, options?: { note?: boolean }): TimelineMessage
  /** Sends a failed message again under the same client_msg_id. */
  retry(clientMsgId: string): void
  /** Drops a failed message. */
  discard(clientMsgId: string): void
  /** Marks as read up to seq; repeated and backward marks cost nothing. */
  read(conversationId: string, seq: number): void
  typing(conversationId: string): void
  on<K extends ClientEventName>(event: K, listener: (payload: ClientEvents[K]) => void): () => void
}
