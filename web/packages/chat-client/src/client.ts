import { Connection } from './connection'
import { Emitter } from './emitter'
import { ApiError, createHttp } from './http'
import type { HttpClient } from './http'
import { randomId } from './ids'
import { browserOutbox } from './outbox'
import type { OutboxItem, OutboxStore } from './outbox'
import type {
  ChatClient,
  ChatClientOptions,
  ClientEvents,
  ConnectionState,
  ConversationView,
  SendFailure,
  TimelineMessage,
  Transport,
} from './surface'
import { Timeline } from './timeline'
import type { AckFrame, Conversation, EventFrame, Message, OutgoingContent, Page, ServerFrame } from './types'

const PAGE_SIZE = 50
const ACK_TIMEOUT_MS = 20_000
const TYPING_EVERY_MS = 3_000
const POLL_EVERY_MS = 3_000
const POLL_AFTER_FAILURES = 3
/** While polling, the conversation itself is asked for with every n-th poll, and whenever something new came. */
const STATUS_EVERY_POLLS = 4
const SYNC_TIMEOUT_MS = 10_000
const REFRESH_DELAY_MS = 250
const SERVER_IN_TROUBLE = 'unavailable'

/** What the client keeps for one open conversation. */
interface Room {
  timeline: Timeline
  history: ConversationView['history']
  error: Error | null
  hasOlder: boolean
  loadingOlder: Promise<boolean> | null
  opening: Promise<void> | null
  readSeq: { customer: number; agent: number }
  conversation: Conversation | null
  queuePosition: number | null
  /** Until when a running sync is waited for; 0 when none runs. */
  syncingUntil: number
  syncAgain: boolean
  wantedRead: number
  sentRead: number
  typedAt: number
  refreshTimer: ReturnType<typeof setTimeout> | undefined
  notifyScheduled: boolean
  view: ConversationView | null
}

interface Outgoing {
  item: OutboxItem
  /** The connection (by number) that it was last sent on. */
  sentOn: number
  timer: ReturnType<typeof setTimeout> | undefined
}

/** Creates a client; nothing happens before `connect()`. See docs/embed.md for a tour. */
export function createChatClient(options: ChatClientOptions): ChatClient {
  return new Client(options)
}

class Client implements ChatClient {
  readonly http: HttpClient
  readonly #emitter = new Emitter<ClientEvents>()
  readonly #rooms = new Map<string, Room>()
  readonly #outgoing = new Map<string, Outgoing>()
  readonly #outbox: OutboxStore
  readonly #scope: string
  readonly #connection: Connection
  #token: string
  #currentState: ConnectionState = 'connecting'
  #currentTransport: Transport = 'none'
  #started = false
  #closed = false
  #refused = false
  #refreshingToken = false
  #everFailed = false
  #connectionNumber = 0
  #order = 0
  #polling = false
  #pollOk = false
  #pollCount = 0
  #pollTimer: ReturnType<typeof setTimeout> | undefined
  #draining: Promise<void> | null = null

  constructor(private readonly options: ChatClientOptions) {
    this.#token = options.token
    this.#outbox = options.outbox ?? browserOutbox()
    // The end of a token tells two of them apart without storing either.
    this.#scope = options.scope ?? `${options.baseUrl}|${options.role}|${options.token.slice(-8)}`
    this.http = createHttp({
      baseUrl: options.baseUrl,
      token: () => this.#token,
      ...(options.language ? { language: options.language } : {}),
      ...(options.fetch ? { fetch: options.fetch } : {}),
    })
    this.#connection = new Connection({
      url: () => socketUrl(options.baseUrl, this.#token),
      socket: options.WebSocket ?? globalThis.WebSocket,
      onOpen: () => this.#onOpen(),
      onFrame: frame => this.#onFrame(frame),
      onDown: failures => this.#onDown(failures),
      onUnauthorized: () => void this.#unauthorized(),
    })
  }

  get state(): ConnectionState {
    return this.#currentState
  }

  get transport(): Transport {
    return this.#currentTransport
  }

  on<K extends keyof ClientEvents>(event: K, listener: (payload: ClientEvents[K]) => void): () => void {
    return this.#emitter.on(event, listener)
  }

  // --- life ---------------------------------------------------------------------------------------------

  connect(): void {
    if (this.#started || this.#closed) return
    this.#started = true
    if (typeof window !== 'undefined') {
      window.addEventListener('online', this.#onNetwork)
      window.addEventListener('offline', this.#onNetwork)
      document.addEventListener('visibilitychange', this.#onVisible)
    }
    void this.#restoreOutbox()
    this.#connection.start()
    this.#updateState()
  }

  close(): void {
    this.#closed = true
    this.#connection.stop()
    this.#stopPolling()
    for (const outgoing of this.#outgoing.values()) clearTimeout(outgoing.timer)
    for (const room of this.#rooms.values()) clearTimeout(room.refreshTimer)
    if (typeof window !== 'undefined') {
      window.removeEventListener('online', this.#onNetwork)
      window.removeEventListener('offline', this.#onNetwork)
      document.removeEventListener('visibilitychange', this.#onVisible)
    }
    this.#updateState()
  }

  retryNow(): void {
    this.#connection.hurry()
    if (this.#polling) void this.#poll()
    for (const [id, room] of this.#rooms) if (room.history === 'error') void this.open(id).catch(() => undefined)
  }

  setToken(token: string): void {
    this.#token = token
    this.#refused = false
    if (!this.#started || this.#closed) return
    this.#connection.stop()
    this.#connection.start()
    this.#updateState()
  }

  readonly #onNetwork = (): void => {
    if (hasNetwork()) this.retryNow()
    this.#updateState()
  }

  readonly #onVisible = (): void => {
    if (document.visibilityState === 'visible') this.retryNow()
  }

  #onOpen(): void {
    this.#connectionNumber++
    this.#updateState()
    for (const [id, room] of this.#rooms) {
      room.syncingUntil = 0
      room.sentRead = 0
      if (room.history === 'error') void this.open(id).catch(() => undefined)
      this.#sync(id, room)
      this.#sendRead(id, room)
      // Events are not replayed: what was missed while away shows in the conversation itself.
      if (this.#connectionNumber > 1) this.#refreshSoon(id, room)
    }
    this.#flush()
  }

  #onDown(failures: number): void {
    this.#everFailed = true
    for (const outgoing of this.#outgoing.values()) clearTimeout(outgoing.timer)
    for (const room of this.#rooms.values()) room.syncingUntil = 0
    if (failures >= POLL_AFTER_FAILURES && !this.#polling) {
      this.#polling = true
      this.#pollCount = 0
      void this.#poll()
    }
    this.#updateState()
  }

  async #unauthorized(): Promise<void> {
    if (this.#refreshingToken || this.#closed) return
    this.#refreshingToken = true
    this.#refused = true
    this.#connection.stop()
    this.#stopPolling()
    this.#updateState()
    let token: string | null | void = null
    try {
      token = await this.options.onUnauthorized?.()
    } finally {
      this.#refreshingToken = false
    }
    if (token && !this.#closed) this.setToken(token)
  }

  #updateState(): void {
    const transport: Transport = this.#connection.open
      ? 'websocket'
      : this.#polling && this.#pollOk
        ? 'polling'
        : 'none'
    let state: ConnectionState
    if (this.#closed || this.#refused) state = 'offline'
    else if (transport !== 'none') state = 'online'
    else if (!hasNetwork()) state = 'offline'
    else state = this.#everFailed ? 'reconnecting' : 'connecting'
    if (state === this.#currentState && transport === this.#currentTransport) return
    this.#currentState = state
    this.#currentTransport = transport
    this.#emitter.emit('state', { state, transport })
  }

  // --- frames -------------------------------------------------------------------------------------------

  #onFrame(frame: ServerFrame): void {
    if (this.#polling) {
      this.#stopPolling()
      this.#updateState()
    }
    switch (frame.type) {
      case 'message':
        this.#takeMessage(frame.message)
        break
      case 'ack':
        this.#acked(frame)
        break
      case 'synced':
        this.#synced(frame.conversation_id, frame.last_seq)
        break
      case 'error':
        if (frame.client_msg_id && this.#outgoing.has(frame.client_msg_id)) {
          this.#fail(frame.client_msg_id, { code: frame.code, detail: frame.detail })
        } else {
          this.#emitter.emit('error', frame)
        }
        break
      case 'event':
        this.#takeEvent(frame)
        break
      case 'pong':
        break
    }
  }

  #takeMessage(message: Message): void {
    const id = message.conversation_id
    this.#settle(message.client_msg_id)
    const room = this.#rooms.get(id)
    if (!room) {
      this.#emitter.emit('message', { message, live: true })
      return
    }
    const replay = room.syncingUntil > 0
    const fresh = room.timeline.apply(message)
    if (room.timeline.hasGap) this.#sync(id, room)
    // A system line or words after the end mean that the status moved, perhaps without an event to us.
    const moved = message.content.kind === 'event' || room.conversation?.status === 'resolved'
    if (fresh && moved) this.#refreshSoon(id, room)
    this.#changed(id, room)
    if (fresh) this.#emitter.emit('message', { message, live: !replay })
  }

  #acked(frame: AckFrame): void {
    this.#settle(frame.client_msg_id)
    const room = this.#rooms.get(frame.conversation_id)
    if (!room) return
    room.timeline.ack(frame)
    if (room.timeline.hasGap) this.#sync(frame.conversation_id, room)
    if (room.conversation?.status === 'resolved') this.#refreshSoon(frame.conversation_id, room)
    this.#changed(frame.conversation_id, room)
  }

  #takeEvent(frame: EventFrame): void {
    switch (frame.event) {
      case 'sync.required':
        for (const [id, room] of this.#rooms) {
          this.#sync(id, room)
          this.#refreshSoon(id, room)
        }
        break
      case 'conversation.updated': {
        const room = this.#rooms.get(frame.conversation.id)
        if (room) {
          // The list form has no handoff and no details of the contact: keep those that are known.
          const contact = { ...room.conversation?.contact, ...frame.conversation.contact }
          room.conversation = { ...room.conversation, ...frame.conversation, contact }
          this.#takeReads(room, frame.conversation)
          this.#changed(frame.conversation.id, room)
        }
        break
      }
      case 'handoff.queued':
        this.#patch(frame.conversation_id, { status: 'queued', assignee: null }, frame.position)
        break
      case 'handoff.accepted':
        this.#patch(frame.conversation_id, { status: 'assigned', assignee: frame.agent })
        break
      case 'conversation.resolved':
        this.#patch(frame.conversation_id, { status: 'resolved' })
        break
      case 'conversation.returned_to_bot':
        this.#patch(frame.conversation_id, { status: 'bot', assignee: null })
        break
      case 'message.read': {
        const room = this.#rooms.get(frame.conversation_id)
        if (room) {
          room.readSeq = { ...room.readSeq, [frame.reader]: Math.max(room.readSeq[frame.reader], frame.seq) }
          this.#changed(frame.conversation_id, room)
        }
        break
      }
      default:
        break
    }
    const { type: _type, event, ...payload } = frame
    // The union of frames and the map of payloads are the same table; TypeScript cannot follow it through a spread.
    this.#emitter.emit(event as 'sync.required', payload as Record<string, never>)
  }

  #patch(
    id: string,
    change: Partial<Pick<Conversation, 'status' | 'assignee'>>,
    position: number | null = null,
  ): void {
    const room = this.#rooms.get(id)
    if (!room) return
    if (room.conversation) room.conversation = { ...room.conversation, ...change }
    room.queuePosition = position
    this.#changed(id, room)
  }

  // --- conversations ------------------------------------------------------------------------------------

  async open(conversationId: string): Promise<void> {
    const room = this.#room(conversationId)
    if (room.history === 'ready') return
    room.opening ??= this.#loadNewest(conversationId, room).finally(() => {
      room.opening = null
    })
    return room.opening
  }

  leave(conversationId: string): void {
    clearTimeout(this.#rooms.get(conversationId)?.refreshTimer)
    this.#rooms.delete(conversationId)
  }

  view(conversationId: string): ConversationView {
    const room = this.#rooms.get(conversationId) ?? this.#newRoom(conversationId)
    const { timeline, history, error, hasOlder, loadingOlder, readSeq, conversation, queuePosition } = room
    room.view ??= {
      conversationId,
      messages: timeline.messages,
      history,
      error,
      hasOlder,
      loadingOlder: loadingOlder !== null,
      readSeq,
      lastSeq: timeline.lastSeq,
      conversation,
      queuePosition,
    }
    return room.view
  }

  loadOlder(conversationId: string): Promise<boolean> {
    const room = this.#rooms.get(conversationId)
    const before = room?.timeline.oldestSeq ?? null
    if (!room || before === null || !room.hasOlder) return Promise.resolve(false)
    room.loadingOlder ??= this.#loadBefore(conversationId, room, before).finally(() => {
      room.loadingOlder = null
      this.#changed(conversationId, room)
    })
    this.#changed(conversationId, room)
    return room.loadingOlder
  }

  async #loadNewest(id: string, room: Room): Promise<void> {
    room.history = 'loading'
    room.error = null
    this.#changed(id, room)
    try {
      const [page, conversation] = await Promise.all([
        this.http.get<Page<Message>>(`${messagesPath(id)}?limit=${PAGE_SIZE}`),
        this.http.get<Conversation>(conversationPath(id)),
      ])
      if (this.#rooms.get(id) !== room) return
      for (const message of page.items) this.#settle(message.client_msg_id)
      room.timeline.applyNewest(page.items)
      room.hasOlder = (room.timeline.oldestSeq ?? 1) > 1
      room.history = 'ready'
      this.#takeConversation(room, conversation)
      this.#changed(id, room)
      this.#sync(id, room)
      this.#sendRead(id, room)
    } catch (error) {
      if (this.#rooms.get(id) !== room) return
      room.history = 'error'
      room.error = error instanceof Error ? error : new Error(String(error))
      this.#changed(id, room)
      this.#noticeUnauthorized(error)
      throw error
    }
  }

  async #loadBefore(id: string, room: Room, before: number): Promise<boolean> {
    const page = await this.http.get<Page<Message>>(`${messagesPath(id)}?before_seq=${before}&limit=${PAGE_SIZE}`)
    for (const message of page.items) room.timeline.apply(message)
    const oldest = room.timeline.oldestSeq ?? 1
    room.hasOlder = page.items.length > 0 && oldest < before && oldest > 1
    return page.items.length > 0
  }

  async refresh(conversationId: string): Promise<void> {
    const room = this.#rooms.get(conversationId)
    if (room) await this.#reload(conversationId, room)
  }

  async #reload(id: string, room: Room): Promise<void> {
    try {
      const conversation = await this.http.get<Conversation>(conversationPath(id))
      if (this.#rooms.get(id) !== room) return
      this.#takeConversation(room, conversation)
      this.#changed(id, room)
    } catch (error) {
      this.#noticeUnauthorized(error)
    }
  }

  #refreshSoon(id: string, room: Room): void {
    clearTimeout(room.refreshTimer)
    room.refreshTimer = setTimeout(() => void this.#reload(id, room), REFRESH_DELAY_MS)
  }

  #takeConversation(room: Room, conversation: Conversation): void {
    if (conversation.status !== 'queued') room.queuePosition = null
    room.conversation = conversation
    this.#takeReads(room, conversation)
  }

  #takeReads(room: Room, conversation: Conversation): void {
    room.readSeq = {
      customer: Math.max(room.readSeq.customer, conversation.contact_read_seq ?? 0),
      agent: Math.max(room.readSeq.agent, conversation.agent_read_seq ?? 0),
    }
  }

  /** Asks for everything behind the complete part. One sync at a time; a wish during one repeats it. */
  #sync(id: string, room: Room): void {
    const after = room.timeline.tail
    if (after === null || !this.#connection.open) return
    if (room.syncingUntil > Date.now()) {
      room.syncAgain = true
      return
    }
    room.syncAgain = false
    if (this.#connection.send({ type: 'sync', conversation_id: id, after_seq: after })) {
      room.syncingUntil = Date.now() + SYNC_TIMEOUT_MS
    }
  }

  #synced(id: string, lastSeq: number): void {
    const room = this.#rooms.get(id)
    if (!room) return
    room.syncingUntil = 0
    const behind = room.timeline.tail !== null && room.timeline.tail < lastSeq
    if (room.syncAgain || behind) this.#sync(id, room)
    this.#changed(id, room)
  }

  #room(id: string): Room {
    const existing = this.#rooms.get(id)
    if (existing) return existing
    const room = this.#newRoom(id)
    this.#rooms.set(id, room)
    for (const { item } of this.#outgoing.values()) {
      if (item.conversation_id === id) room.timeline.addLocal(this.#localMessage(item))
    }
    return room
  }

  #newRoom(id: string): Room {
    return {
      timeline: new Timeline(id, message => this.#isOwn(message)),
      history: 'idle',
      error: null,
      hasOlder: false,
      loadingOlder: null,
      opening: null,
      readSeq: { customer: 0, agent: 0 },
      conversation: null,
      queuePosition: null,
      syncingUntil: 0,
      syncAgain: false,
      wantedRead: 0,
      sentRead: 0,
      typedAt: 0,
      refreshTimer: undefined,
      notifyScheduled: false,
      view: null,
    }
  }

  /** One `changed` for all that happens in one turn; a replay of many frames is told in a few. */
  #changed(id: string, room: Room): void {
    room.view = null
    if (room.notifyScheduled) return
    room.notifyScheduled = true
    const tell = (): void => {
      room.notifyScheduled = false
      if (this.#rooms.get(id) === room) this.#emitter.emit('changed', this.view(id))
    }
    if (room.syncingUntil > 0) setTimeout(tell, 30)
    else queueMicrotask(tell)
  }

  #isOwn(message: Message): boolean {
    if (message.sender.kind !== this.options.role) return false
    if (this.options.role === 'customer') return true
    const self = this.options.self?.id
    return self !== undefined && self !== null && message.sender.id === self
  }

  // --- sending ------------------------------------------------------------------------------------------

  send(
    conversationId: string,
    content: OutgoingContent | string,
    { note = false }: { note?: boolean } = {},
  ): TimelineMessage {
    const item: OutboxItem = {
      client_msg_id: randomId(),
      scope: this.#scope,
      conversation_id: conversationId,
      content: typeof content === 'string' ? { kind: 'text', text: content } : content,
      note,
      created_at: new Date().toISOString(),
      order: this.#order++,
      refused: null,
    }
    this.#outgoing.set(item.client_msg_id, { item, sentOn: 0, timer: undefined })
    void this.#outbox.put(item)
    const message = this.#localMessage(item)
    const room = this.#rooms.get(conversationId)
    if (room) {
      room.timeline.addLocal(message)
      this.#changed(conversationId, room)
    }
    this.#flush()
    return message
  }

  retry(clientMsgId: string): void {
    const outgoing = this.#outgoing.get(clientMsgId)
    if (!outgoing) return
    clearTimeout(outgoing.timer)
    outgoing.item = { ...outgoing.item, refused: null }
    outgoing.sentOn = 0
    void this.#outbox.put(outgoing.item)
    this.#mark(outgoing, 'sending', null)
    this.#flush()
  }

  discard(clientMsgId: string): void {
    const outgoing = this.#outgoing.get(clientMsgId)
    if (!outgoing) return
    this.#settle(clientMsgId)
    const room = this.#rooms.get(outgoing.item.conversation_id)
    if (!room) return
    room.timeline.remove(clientMsgId)
    this.#changed(outgoing.item.conversation_id, room)
  }

  async #restoreOutbox(): Promise<void> {
    const items = await this.#outbox.list(this.#scope).catch((): OutboxItem[] => [])
    if (this.#closed) return
    items.sort((a, b) => (a.created_at < b.created_at ? -1 : a.created_at > b.created_at ? 1 : a.order - b.order))
    for (const item of items) {
      const room = this.#rooms.get(item.conversation_id)
      if (this.#outgoing.has(item.client_msg_id)) continue
      if (room?.timeline.get(item.client_msg_id)?.status === 'sent') {
        void this.#outbox.remove(item.client_msg_id)
        continue
      }
      this.#outgoing.set(item.client_msg_id, { item, sentOn: 0, timer: undefined })
      if (room) {
        room.timeline.addLocal(this.#localMessage(item))
        this.#changed(item.conversation_id, room)
      }
    }
    this.#flush()
  }

  /** Sends all that waits, in the order of writing. */
  #flush(): void {
    if (this.#connection.open) {
      for (const outgoing of this.#waiting()) this.#sendBySocket(outgoing)
    } else if (this.#polling && this.#pollOk) {
      this.#draining ??= this.#drain().finally(() => {
        this.#draining = null
      })
    }
  }

  #waiting(): Outgoing[] {
    return [...this.#outgoing.values()].filter(
      outgoing => !outgoing.item.refused && outgoing.sentOn !== this.#connectionNumber,
    )
  }

  #sendBySocket(outgoing: Outgoing): void {
    const { client_msg_id, conversation_id, content, note } = outgoing.item
    const sent = this.#connection.send({
      type: 'send',
      client_msg_id,
      conversation_id,
      content,
      ...(note ? { note } : {}),
    })
    if (!sent) return
    outgoing.sentOn = this.#connectionNumber
    this.#mark(outgoing, 'sending', null)
    clearTimeout(outgoing.timer)
    // Not marked as refused: the server may have it, so the next connection sends it again by itself.
    outgoing.timer = setTimeout(() => {
      this.#mark(outgoing, 'failed', { code: 'timeout', detail: '' })
    }, ACK_TIMEOUT_MS)
  }

  async #drain(): Promise<void> {
    for (const outgoing of this.#outgoing.values()) {
      if (!this.#polling || this.#connection.open) return
      if (outgoing.item.refused) continue
      const { client_msg_id, conversation_id, content, note } = outgoing.item
      try {
        this.#mark(outgoing, 'sending', null)
        const body = { client_msg_id, content, ...(note ? { note } : {}) }
        const message = await this.http.post<Message>(messagesPath(conversation_id), body)
        this.#takeMessage({ ...message, client_msg_id })
      } catch (error) {
        if (this.#noticeUnauthorized(error)) return
        if (isFinal(error)) {
          this.#fail(client_msg_id, { code: error.code, detail: error.message })
        } else {
          this.#pollFailed()
          return
        }
      }
    }
  }

  #fail(clientMsgId: string, failure: SendFailure): void {
    const outgoing = this.#outgoing.get(clientMsgId)
    if (!outgoing) return
    clearTimeout(outgoing.timer)
    // A server in trouble refuses for the moment: the next connection tries again. Other refusals are for good.
    if (failure.code !== SERVER_IN_TROUBLE) {
      outgoing.item = { ...outgoing.item, refused: failure }
      void this.#outbox.put(outgoing.item)
    }
    this.#mark(outgoing, 'failed', failure)
  }

  /** The server has it: forget it here. */
  #settle(clientMsgId: string | null | undefined): void {
    if (!clientMsgId) return
    const outgoing = this.#outgoing.get(clientMsgId)
    if (!outgoing) return
    clearTimeout(outgoing.timer)
    this.#outgoing.delete(clientMsgId)
    void this.#outbox.remove(clientMsgId)
  }

  #mark(outgoing: Outgoing, status: 'sending' | 'failed', failure: SendFailure | null): void {
    const { conversation_id, client_msg_id } = outgoing.item
    const room = this.#rooms.get(conversation_id)
    if (room?.timeline.setStatus(client_msg_id, status, failure)) this.#changed(conversation_id, room)
  }

  #localMessage(item: OutboxItem): TimelineMessage {
    return {
      key: item.client_msg_id,
      id: `local:${item.client_msg_id}`,
      conversation_id: item.conversation_id,
      seq: null,
      anchor_seq: null,
      sender: {
        kind: this.options.role,
        id: this.options.self?.id ?? null,
        name: this.options.self?.name ?? '',
      },
      content: item.content,
      note: item.note,
      created_at: item.created_at,
      client_msg_id: item.client_msg_id,
      status: item.refused ? 'failed' : 'sending',
      own: true,
      failure: item.refused,
    }
  }

  // --- reading and typing -------------------------------------------------------------------------------

  read(conversationId: string, seq: number): void {
    const room = this.#rooms.get(conversationId)
    if (!room || seq <= room.wantedRead) return
    room.wantedRead = seq
    this.#sendRead(conversationId, room)
  }

  #sendRead(id: string, room: Room): void {
    const known = this.options.role === 'customer' ? room.readSeq.customer : room.readSeq.agent
    const seq = room.wantedRead
    if (seq <= Math.max(room.sentRead, known)) return
    if (this.#connection.send({ type: 'read', conversation_id: id, seq })) room.sentRead = seq
  }

  typing(conversationId: string): void {
    const room = this.#rooms.get(conversationId)
    const now = Date.now()
    if (!room || now - room.typedAt < TYPING_EVERY_MS) return
    if (this.#connection.send({ type: 'typing', conversation_id: conversationId })) room.typedAt = now
  }

  // --- polling, where sockets do not get through --------------------------------------------------------

  async #poll(): Promise<void> {
    clearTimeout(this.#pollTimer)
    const rooms = [...this.#rooms]
    const withStatus = this.#pollCount++ % STATUS_EVERY_POLLS === 0
    try {
      if (rooms.length === 0 && this.#outgoing.size === 0) this.#pollOk = true
      for (const [id, room] of rooms) {
        const news = room.timeline.tail === null ? false : await this.#pollMessages(id, room)
        if (room.history === 'error') await this.open(id)
        else if (news || withStatus) this.#takeConversation(room, await this.http.get(conversationPath(id)))
        this.#changed(id, room)
      }
      this.#pollOk = true
      this.#updateState()
      if (this.#polling) this.#flush()
    } catch (error) {
      if (this.#noticeUnauthorized(error)) return
      this.#pollFailed()
    }
    if (this.#polling && !this.#closed) {
      clearTimeout(this.#pollTimer)
      this.#pollTimer = setTimeout(() => void this.#poll(), POLL_EVERY_MS)
    }
  }

  async #pollMessages(id: string, room: Room): Promise<boolean> {
    let news = false
    for (;;) {
      const after = room.timeline.tail ?? 0
      const path = `${messagesPath(id)}?after_seq=${after}&limit=${PAGE_SIZE}`
      const page = await this.http.get<Page<Message>>(path)
      if (this.#rooms.get(id) !== room) return false
      for (const message of page.items) {
        if (!room.timeline.knows(message.id)) news = true
        this.#takeMessage(message)
      }
      if (page.items.length < PAGE_SIZE || (room.timeline.tail ?? 0) <= after) return news
    }
  }

  #pollFailed(): void {
    this.#pollOk = false
    this.#updateState()
  }

  #stopPolling(): void {
    this.#polling = false
    this.#pollOk = false
    clearTimeout(this.#pollTimer)
  }

  #noticeUnauthorized(error: unknown): boolean {
    if (!(error instanceof ApiError) || error.status !== 401) return false
    void this.#unauthorized()
    return true
  }
}

/** Refusals that the same request would meet again. */
function isFinal(error: unknown): error is ApiError {
  return error instanceof ApiError && error.status < 500 && error.status !== 408 && error.status !== 429
}

function conversationPath(id: string): string {
  return `/conversations/${encodeURIComponent(id)}`
}

function messagesPath(id: string): string {
  return `${conversationPath(id)}/messages`
}

function socketUrl(baseUrl: string, token: string): string {
  const origin = baseUrl || globalThis.location.origin
  return `${origin.replace(/^http/, 'ws')}/ws/v1?token=${encodeURIComponent(token)}`
}

function hasNetwork(): boolean {
  return typeof navigator === 'undefined' || navigator.onLine !== false
}
