import { memoryOutbox } from '@yingda/chat-client'
import type { TimelineMessage, VisitorConfig } from '@yingda/chat-client'
import { conversation, CONVERSATION, FakeServer, FakeSocket, message } from '../../packages/chat-client/test/harness'
import { VisitorConversation } from '../src/chat/conversation'
import type { ConversationOptions } from '../src/chat/conversation'
import { siteStorage } from '../src/chat/storage'

export { conversation, CONVERSATION, FakeServer, FakeSocket, message }

export const HOST = 'http://host.test'

export const config: VisitorConfig = {
  tenant: { name: '青禾商城' },
  bot: { name: '小应' },
  welcome: '您好，请问有什么可以帮您？',
  suggestions: ['怎么退货', '什么时候发货'],
  color: '#1f6feb',
  ai_notice: '由人工智能客服自动回答',
  max_message_chars: 20,
  service_hours: '8:00–24:00',
}

/** A server that also opens visitor sessions. */
export class VisitorServer extends FakeServer {
  sessionAnswers: (Response | Error)[] = []
  readonly sessions: Record<string, unknown>[] = []
  readonly handoffs: unknown[] = []
  handoffAnswer: Response | null = null

  readonly visitorFetch = (async (input: string, init: RequestInit = {}) => {
    const body = typeof init.body === 'string' ? (JSON.parse(init.body) as Record<string, unknown>) : {}
    if (input.endsWith('/visitor/sessions')) {
      this.sessions.push(body)
      const answer = this.sessionAnswers.shift()
      if (answer instanceof Error) throw answer
      if (answer) return answer
      const token = body['token'] ?? 'tok'
      return Response.json({ token, contact_id: 'p1', conversation_id: CONVERSATION, config })
    }
    if (input.endsWith('/handoff')) {
      this.handoffs.push(body)
      return this.handoffAnswer ?? Response.json(this.conversation)
    }
    return this.fetch(input, init)
  }) as unknown as typeof fetch
}

export function problem(status: number, code: string, detail: string): Response {
  return Response.json({ title: code, status, code, detail }, { status })
}

export function makeConversation(options: Partial<ConversationOptions> = {}) {
  FakeSocket.all = []
  const server = new VisitorServer()
  const storage = siteStorage(HOST, 'demo')
  const events: [string, unknown][] = []
  const visitor = new VisitorConversation({
    host: HOST,
    siteKey: 'demo',
    language: 'zh-CN',
    storage,
    handoffReason: '客户点击了“转人工”',
    onChange: () => undefined,
    onEvent: (event, payload) => events.push([event, payload]),
    client: { WebSocket: FakeSocket, fetch: server.visitorFetch, outbox: memoryOutbox() },
    ...options,
  })
  return { server, storage, events, visitor }
}

export function entry(seq: number, rest: Partial<TimelineMessage> = {}): TimelineMessage {
  return { ...message(seq), key: `m${seq}`, status: 'sent', own: false, failure: null, ...rest }
}
