import { ApiError, createChatClient, createHttp } from '@yingda/chat-client'
import type {
  ChatClient,
  ChatClientOptions,
  ConnectionState,
  ConversationView,
  SenderKind,
  TimelineMessage,
  VisitorConfig,
  VisitorSession,
} from '@yingda/chat-client'
import type { ContactIdentity, PublicEvents } from '../embed'
import type { SiteStorage } from './storage'

/** Where opening the chat stands. */
export type Phase =
  | { kind: 'idle' }
  | { kind: 'starting' }
  | { kind: 'unknown-site' }
  | { kind: 'unreachable' }
  | { kind: 'refused'; reason: string }
  | { kind: 'ready'; config: VisitorConfig; conversationId: string }

export interface ConversationState {
  phase: Phase
  connection: ConnectionState
  view: ConversationView | null
  typing: { kind: SenderKind; name: string } | null
  handoff: 'idle' | 'asking' | 'failed'
  handoffError: string
  unread: number
}

export interface ConversationOptions {
  host: string
  siteKey: string
  language: string
  storage: SiteStorage
  /** What the desk reads as the reason when the customer presses the button. */
  handoffReason: string
  onChange: () => void
  onEvent: <K extends keyof PublicEvents>(event: K, payload: PublicEvents[K]) => void
  /** Test seams, passed on. */
  client?: Pick<ChatClientOptions, 'WebSocket' | 'fetch' | 'outbox'>
}

const TYPING_SHOWN_MS = 5_000
const RETRY_MIN_MS = 2_000
const RETRY_MAX_MS = 30_000
const RETRY_MAX_STEP = 4
const REFUSED_AGAIN_MS = 10_000

/**
 * The customer's side of one conversation, without any drawing: opens the visitor session, keeps the token, and
 * owns the chat client.
 */
export class VisitorConversation {
  state: ConversationState = {
    phase: { kind: 'idle' },
    connection: 'connecting',
    view: null,
    typing: null,
    handoff: 'idle',
    handoffError: '',
    unread: 0,
  }
  #client: ChatClient | null = null
  #session: VisitorSession | null = null
  #identity: ContactIdentity | null = null
  #attempt = 0
  #failures = 0
  #refusedAt = 0
  #retryTimer: ReturnType<typeof setTimeout> | undefined
  #typingTimer: ReturnType<typeof setTimeout> | undefined

  constructor(private readonly options: ConversationOptions) {
    globalThis.addEventListener?.('online', () => {
      if (this.state.phase.kind === 'unreachable') void this.start()
    })
  }

  /** Opens the session; safe to call again, and the way to try again after a failure. */
  async start(): Promise<void> {
    const { kind } = this.state.phase
    if (kind === 'starting' || kind === 'ready') return
    clearTimeout(this.#retryTimer)
    const attempt = ++this.#attempt
    // While it retries by itself the error stays on the screen: nothing flickers.
    if (this.#failures === 0) this.#update({ phase: { kind: 'starting' } })
    try {
      const session = await this.#openSession()
      if (attempt !== this.#attempt) return
      this.#failures = 0
      this.#adopt(session)
    } catch (error) {
      if (attempt === this.#attempt) this.#startFailed(error)
    }
  }

  /** Begins anew at once, as when a person presses retry. */
  retryStart(): void {
    this.#failures = 0
    this.#attempt++
    this.#update({ phase: { kind: 'idle' } })
    void this.start()
  }

  /** Ties the conversation to a known person of the host page, or forgets the person. */
  identify(contact: ContactIdentity | null): void {
    const { storage } = this.options
    const before = storage.get('person')
    const person = contact?.external_id ?? null
    this.#identity = contact
    // A different person on the same computer must not see, or write in, the other one's conversation.
    if (before !== null && before !== person) {
      storage.remove('token')
      storage.remove('draft')
    }
    if (person === null) storage.remove('person')
    else storage.set('person', person)
    if (this.state.phase.kind === 'idle' || (contact === null && before === null)) return
    this.#restart()
  }

  send(text: string): void {
    if (this.#session) this.#client?.send(this.#session.conversation_id, text)
  }

  resend(clientMsgId: string): void {
    this.#client?.retry(clientMsgId)
  }

  discard(clientMsgId: string): void {
    this.#client?.discard(clientMsgId)
  }

  typing(): void {
    if (this.#session) this.#client?.typing(this.#session.conversation_id)
  }

  seen(seq: number): void {
    if (this.#session) this.#client?.read(this.#session.conversation_id, seq)
    if (this.state.unread > 0) this.#update({ unread: 0 })
  }

  async loadOlder(): Promise<void> {
    if (this.#session) await this.#client?.loadOlder(this.#session.conversation_id).catch(() => false)
  }

  reloadHistory(): void {
    if (this.#session) void this.#client?.open(this.#session.conversation_id).catch(() => undefined)
  }

  reconnect(): void {
    this.#client?.retryNow()
  }

  async askForPerson(): Promise<void> {
    const session = this.#session
    const client = this.#client
    if (!session || !client || this.state.handoff === 'asking') return
    this.#update({ handoff: 'asking', handoffError: '' })
    try {
      await client.http.post(`/conversations/${encodeURIComponent(session.conversation_id)}/handoff`, {
        reason: this.options.handoffReason,
      })
      await client.refresh(session.conversation_id)
      this.#update({ handoff: 'idle' })
    } catch (error) {
      this.#update({ handoff: 'failed', handoffError: error instanceof ApiError ? error.message : '' })
    }
  }

  dismissHandoffError(): void {
    this.#update({ handoff: 'idle' })
  }

  #openSession(): Promise<VisitorSession> {
    const { host, siteKey, language, storage, client } = this.options
    const http = createHttp({ baseUrl: host, language, ...(client?.fetch ? { fetch: client.fetch } : {}) })
    const token = storage.get('token')
    const contact = this.#identity
    const body = (withToken: string | null) => ({
      site_key: siteKey,
      ...(withToken ? { token: withToken } : {}),
      ...(contact ? { contact: contactBody(contact) } : {}),
    })
    return http.post<VisitorSession>('/visitor/sessions', body(token)).catch((error: unknown) => {
      if (!token || !(error instanceof ApiError) || error.status !== 401) throw error
      storage.remove('token')
      return http.post<VisitorSession>('/visitor/sessions', body(null))
    })
  }

  #adopt(session: VisitorSession): void {
    const { host, language, storage, onEvent, client: seams } = this.options
    storage.set('token', session.token)
    storage.set('color', session.config.color)
    this.#client?.close()
    this.#session = session
    const id = session.conversation_id
    const client = createChatClient({
      baseUrl: host,
      token: session.token,
      role: 'customer',
      scope: `visitor:${host}:${session.contact_id}`,
      self: { id: session.contact_id },
      language,
      onUnauthorized: () => this.#tokenRefused(),
      ...seams,
    })
    this.#client = client
    client.on('state', ({ state }) => this.#update({ connection: state }))
    client.on('changed', view => {
      if (view.conversationId === id) this.#viewChanged(view)
    })
    client.on('typing.started', event => {
      if (event.conversation_id === id && event.sender.kind !== 'customer') this.#showTyping(event.sender)
    })
    client.on('message', ({ message, live }) => {
      if (message.conversation_id !== id || message.sender.kind === 'customer') return
      this.#hideTyping()
      if (live) onEvent('message', { id: message.id, sender: message.sender.kind, text: message.content.text })
    })
    client.connect()
    void client.open(id).catch(() => undefined)
    this.#update({
      phase: { kind: 'ready', config: session.config, conversationId: id },
      connection: client.state,
      view: client.view(id),
      typing: null,
      handoff: 'idle',
    })
    onEvent('ready', { conversation_id: id })
  }

  #viewChanged(view: ConversationView): void {
    const before = this.state.view?.conversation?.status
    const status = view.conversation?.status
    const unread = countUnread(view.messages, view.readSeq.customer)
    this.#update({ view, unread })
    if (status && status !== before) this.options.onEvent('status', { status })
  }

  #startFailed(error: unknown): void {
    if (error instanceof ApiError && error.status === 404) {
      this.#update({ phase: { kind: 'unknown-site' } })
    } else if (error instanceof ApiError && error.status < 500 && error.status !== 408 && error.status !== 429) {
      this.#update({ phase: { kind: 'refused', reason: error.message } })
    } else {
      const wait = Math.min(RETRY_MAX_MS, RETRY_MIN_MS * 2 ** this.#failures++)
      this.#update({ phase: { kind: 'unreachable' } })
      this.#retryTimer = setTimeout(() => void this.start(), wait * (0.75 + Math.random() / 2))
    }
  }

  #tokenRefused(): void {
    const now = Date.now()
    // A token that is refused right after it was issued would go round in circles: wait for the longest time.
    if (now - this.#refusedAt < REFUSED_AGAIN_MS) {
      this.#close()
      this.#failures = RETRY_MAX_STEP
      this.#startFailed(null)
      return
    }
    this.#refusedAt = now
    this.#restart()
  }

  #restart(): void {
    this.#close()
    this.retryStart()
  }

  #close(): void {
    clearTimeout(this.#retryTimer)
    this.#client?.close()
    this.#client = null
    this.#session = null
    this.#update({ view: null, unread: 0 })
  }

  #showTyping(sender: { kind: SenderKind; name: string }): void {
    clearTimeout(this.#typingTimer)
    this.#typingTimer = setTimeout(() => this.#hideTyping(), TYPING_SHOWN_MS)
    this.#update({ typing: sender })
  }

  #hideTyping(): void {
    clearTimeout(this.#typingTimer)
    if (this.state.typing) this.#update({ typing: null })
  }

  #update(change: Partial<ConversationState>): void {
    const unread = this.state.unread
    this.state = { ...this.state, ...change }
    if (this.state.unread !== unread) this.options.onEvent('unread', { count: this.state.unread })
    this.options.onChange()
  }
}

/** Answers that came after our last read mark; system lines do not ring. */
export function countUnread(messages: readonly TimelineMessage[], readSeq: number): number {
  return messages.filter(
    ({ seq, sender }) => seq !== null && seq > readSeq && (sender.kind === 'bot' || sender.kind === 'agent'),
  ).length
}

const CONTACT_FIELDS = /^(external_id|name|email|phone|signature)$/

/** The server refuses fields that it does not know: what a host page tells beyond them becomes attributes. */
function contactBody({ attributes, ...fields }: ContactIdentity): Record<string, unknown> {
  const body: Record<string, unknown> = {}
  const others: Record<string, string> = { ...attributes }
  for (const [name, value] of Object.entries(fields)) {
    if (CONTACT_FIELDS.test(name)) body[name] = value
    else others[name] = String(value)
  }
  return Object.keys(others).length > 0 ? { ...body, attributes: others } : body
}
