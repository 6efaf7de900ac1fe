import { vi } from 'vitest'
import { createChatClient, memoryOutbox } from '../src/index'
import type { ChatClient, ChatClientOptions, ClientFrame, Conversation, Message, SenderKind } from '../src/index'

export const CONVERSATION = 'c1'

/** A socket that the test opens, feeds and closes by hand. */
export class FakeSocket {
  static all: FakeSocket[] = []
  static get last(): FakeSocket {
    const socket = FakeSocket.all.at(-1)
    if (!socket) throw new Error('no socket was made')
    return socket
  }

  readyState = 0
  onopen: ((event: Event) => void) | null = null
  onmessage: ((event: MessageEvent) => void) | null = null
  onclose: ((event: CloseEvent) => void) | null = null
  onerror: ((event: Event) => void) | null = null
  readonly frames: ClientFrame[] = []
  closedByClient = false

  constructor(readonly url: string) {
    FakeSocket.all.push(this)
  }

  send(data: string): void {
    this.frames.push(JSON.parse(data) as ClientFrame)
  }

  close(): void {
    this.readyState = 3
    this.closedByClient = true
  }

  /** Opens and answers the first ping, as a real server does. */
  accept(): this {
    this.readyState = 1
    this.onopen?.({} as Event)
    return this.feed({ type: 'pong' })
  }

  feed(frame: unknown): this {
    this.onmessage?.({ data: JSON.stringify(frame) } as MessageEvent)
    return this
  }

  fail(code = 1006): void {
    this.readyState = 3
    this.onclose?.({ code } as CloseEvent)
  }

  of<T extends ClientFrame['type']>(type: T): Extract<ClientFrame, { type: T }>[] {
    return this.frames.filter((frame): frame is Extract<ClientFrame, { type: T }> => frame.type === type)
  }
}

/** A server with one conversation, reachable over fetch. */
export class FakeServer {
  messages: Message[] = []
  conversation: Conversation = conversation()
  down = false
  /** Answers every request with this instead. */
  refuse: { status: number; code: string } | null = null
  readonly calls: { method: string; path: string; body: unknown; authorization: string | null }[] = []

  readonly fetch = (async (input: string, init: RequestInit = {}) => {
    const method = init.method ?? 'GET'
    const url = new URL(input)
    const body: unknown = typeof init.body === 'string' ? JSON.parse(init.body) : undefined
    const headers = init.headers as Record<string, string>
    this.calls.push({ method, path: url.pathname + url.search, body, authorization: headers['Authorization'] ?? null })
    if (this.down) throw new TypeError('Failed to fetch')
    if (this.refuse) return reply(this.refuse.status, { title: 'no', detail: '不行', ...this.refuse })
    if (method === 'POST') return this.store(body as { client_msg_id: string; content: { text: string } })
    if (!url.pathname.endsWith('/messages')) return reply(200, this.conversation)
    const after = Number(url.searchParams.get('after_seq') ?? -1)
    const before = Number(url.searchParams.get('before_seq') ?? Infinity)
    const limit = Number(url.searchParams.get('limit') ?? 50)
    const found = this.messages.filter(m => (m.seq ?? m.anchor_seq ?? 0) > after && (m.seq ?? 0) < before)
    return reply(200, { items: after >= 0 ? found.slice(0, limit) : found.slice(-limit), next_cursor: null })
  }) as unknown as typeof fetch

  posts(): { client_msg_id: string }[] {
    return this.calls.filter(call => call.method === 'POST').map(call => call.body as { client_msg_id: string })
  }

  private store(body: { client_msg_id: string; content: { text: string } }): Response {
    const known = this.messages.find(m => m.client_msg_id === body.client_msg_id)
    if (known) return reply(200, known)
    const stored = { ...message(this.messages.length + 1, body.content.text), client_msg_id: body.client_msg_id }
    this.messages.push(stored)
    return reply(201, stored)
  }
}

function reply(status: number, body: unknown): Response {
  return new Response(JSON.stringify(body), { status })
}

export function message(seq: number, text = `第${seq}条`, kind: SenderKind = 'customer'): Message {
  return {
    id: `m${seq}`,
    conversation_id: CONVERSATION,
    seq,
    sender: { kind, id: kind, name: kind },
    content: { kind: 'text', text },
    created_at: new Date(Date.UTC(2026, 10, 22, 3, 0, seq)).toISOString(),
  }
}

export function note(id: string, anchor: number): Message {
  return { ...message(0, id, 'agent'), id, seq: null, anchor_seq: anchor, note: true }
}

export function conversation(): Conversation {
  return {
    id: CONVERSATION,
    status: 'bot',
    inbox: { id: 'i1', name: '官网', channel: 'web' },
    contact: { id: 'p1', name: '访客' },
    assignee: null,
    last_seq: 0,
    last_message: null,
    unread: 0,
    agent_read_seq: 0,
    contact_read_seq: 0,
    waiting_since: null,
    created_at: '2026-11-22T03:00:00Z',
    updated_at: '2026-11-22T03:00:00Z',
  }
}

export function setUp(options: Partial<ChatClientOptions> = {}, stored = 0) {
  FakeSocket.all = []
  const server = new FakeServer()
  for (let seq = 1; seq <= stored; seq++) server.messages.push(message(seq))
  const outbox = options.outbox ?? memoryOutbox()
  const client = createChatClient({
    baseUrl: 'http://host.test',
    token: 'tok',
    role: 'customer',
    scope: 's1',
    outbox,
    WebSocket: FakeSocket,
    fetch: server.fetch,
    ...options,
  })
  return { client, server, outbox }
}

/** Connected, the conversation open, the first sync answered. */
export async function setUpOnline(options: Partial<ChatClientOptions> = {}, stored = 0) {
  const parts = setUp(options, stored)
  parts.client.connect()
  FakeSocket.last.accept()
  await parts.client.open(CONVERSATION)
  FakeSocket.last.feed({ type: 'synced', conversation_id: CONVERSATION, last_seq: stored })
  await settle()
  return parts
}

export async function settle(): Promise<void> {
  await vi.advanceTimersByTimeAsync(0)
}

export function texts(client: ChatClient): string[] {
  return client.view(CONVERSATION).messages.map(m => m.content.text)
}

export function statuses(client: ChatClient): string[] {
  return client.view(CONVERSATION).messages.map(m => m.status)
}

export function ack(clientMsgId: string, seq: number | null, id = `m${seq}`) {
  return {
    type: 'ack',
    client_msg_id: clientMsgId,
    message_id: id,
    conversation_id: CONVERSATION,
    seq,
    created_at: '2026-11-22T03:01:00.000Z',
  }
}
