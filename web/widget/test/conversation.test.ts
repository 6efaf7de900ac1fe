import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { CONVERSATION, FakeSocket, HOST, makeConversation, message, problem } from './fixtures'

beforeEach(() => {
  vi.useFakeTimers()
  localStorage.clear()
})
afterEach(() => {
  vi.useRealTimers()
})

const settle = () => vi.advanceTimersByTimeAsync(10)

describe('opening', () => {
  it('opens a session, keeps the token and brings it back next time', async () => {
    const first = makeConversation()
    await first.visitor.start()
    expect(first.visitor.state.phase).toMatchObject({ kind: 'ready', conversationId: CONVERSATION })
    expect(first.server.sessions).toEqual([{ site_key: 'demo' }])
    expect(localStorage.getItem(`yingda:${HOST}:demo:token`)).toBe('tok')
    const second = makeConversation()
    await second.visitor.start()
    expect(second.server.sessions).toEqual([{ site_key: 'demo', token: 'tok' }])
  })

  it('works without storage', async () => {
    const set = vi.spyOn(Storage.prototype, 'setItem').mockImplementation(() => {
      throw new Error('denied')
    })
    const { visitor, storage } = makeConversation()
    await visitor.start()
    expect(visitor.state.phase.kind).toBe('ready')
    expect(storage.get('token')).toBe('tok')
    set.mockRestore()
  })

  it('begins anew when the kept token is refused', async () => {
    const { server, storage, visitor } = makeConversation()
    storage.set('token', 'old')
    server.sessionAnswers = [problem(401, 'token_invalid', '凭证无效')]
    await visitor.start()
    expect(server.sessions.map(body => body['token'])).toEqual(['old', undefined])
    expect(visitor.state.phase.kind).toBe('ready')
  })

  it('tells an unknown site key from a server that is away', async () => {
    const unknown = makeConversation()
    unknown.server.sessionAnswers = [problem(404, 'not_found', '没有')]
    await unknown.visitor.start()
    expect(unknown.visitor.state.phase.kind).toBe('unknown-site')

    const refused = makeConversation()
    refused.server.sessionAnswers = [problem(403, 'blocked', '请稍后再来')]
    await refused.visitor.start()
    expect(refused.visitor.state.phase).toEqual({ kind: 'refused', reason: '请稍后再来' })
    refused.visitor.retryStart()
    await settle()
    expect(refused.visitor.state.phase.kind).toBe('ready')
  })

  it('tries again by itself without flickering', async () => {
    const { server, visitor } = makeConversation()
    server.sessionAnswers = [new TypeError('down'), problem(503, 'away', '维护中')]
    await visitor.start()
    expect(visitor.state.phase.kind).toBe('unreachable')
    await vi.advanceTimersByTimeAsync(3_000)
    expect(server.sessions).toHaveLength(2)
    expect(visitor.state.phase.kind).toBe('unreachable')
    await vi.advanceTimersByTimeAsync(6_000)
    expect(visitor.state.phase.kind).toBe('ready')
  })

  it('opens a new session when the token is revoked, but not in a circle', async () => {
    const { server, visitor } = makeConversation()
    await visitor.start()
    FakeSocket.last.accept().fail(4401)
    await settle()
    expect(visitor.state.phase.kind).toBe('ready')
    expect(server.sessions).toHaveLength(2)
    FakeSocket.last.accept().fail(4401)
    await settle()
    expect(visitor.state.phase.kind).toBe('unreachable')
    expect(server.sessions).toHaveLength(2)
    await vi.advanceTimersByTimeAsync(40_000)
    expect(server.sessions).toHaveLength(3)
  })
})

describe('identify', () => {
  it('sends the person along and keeps the conversation of an anonymous start', async () => {
    const { server, storage, visitor } = makeConversation()
    await visitor.start()
    visitor.identify({ external_id: 'u1', name: '王芳', vip: true })
    await settle()
    expect(server.sessions[1]).toEqual({
      site_key: 'demo',
      token: 'tok',
      contact: { external_id: 'u1', name: '王芳', attributes: { vip: 'true' } },
    })
    expect(storage.get('person')).toBe('u1')
  })

  it('never shows one person the conversation of another', async () => {
    const { server, storage, visitor } = makeConversation()
    visitor.identify({ external_id: 'u1' })
    await visitor.start()
    storage.set('draft', '写了一半')
    visitor.identify({ external_id: 'u2' })
    await settle()
    expect(server.sessions[1]).toEqual({ site_key: 'demo', contact: { external_id: 'u2' } })
    expect(storage.get('draft')).toBeNull()
    visitor.identify(null)
    await settle()
    expect(server.sessions[2]).toEqual({ site_key: 'demo' })
  })
})

describe('while open', () => {
  async function opened() {
    const parts = makeConversation()
    await parts.visitor.start()
    FakeSocket.last.accept()
    await settle()
    FakeSocket.last.feed({ type: 'synced', conversation_id: CONVERSATION, last_seq: 0 })
    await vi.advanceTimersByTimeAsync(50)
    return parts
  }

  it('counts answers until they are seen', async () => {
    const { visitor, events } = await opened()
    FakeSocket.last.feed({ type: 'message', message: message(1, '答', 'bot') })
    FakeSocket.last.feed({ type: 'message', message: message(2, '系统', 'system') })
    await settle()
    expect(visitor.state.unread).toBe(1)
    visitor.seen(2)
    expect(visitor.state.unread).toBe(0)
    expect(events.filter(([name]) => name === 'unread').map(([, payload]) => payload)).toEqual([{ count: 1 }, { count: 0 }])
    expect(events).toContainEqual(['message', { id: 'm1', sender: 'bot', text: '答' }])
    expect(FakeSocket.last.of('read').map(frame => frame.seq)).toEqual([2])
  })

  it('shows typing until the answer or for five seconds', async () => {
    const { visitor } = await opened()
    const typing = {
      type: 'event',
      event: 'typing.started',
      conversation_id: CONVERSATION,
      sender: { kind: 'bot', name: '小应' },
    }
    FakeSocket.last.feed(typing)
    expect(visitor.state.typing?.name).toBe('小应')
    FakeSocket.last.feed({ type: 'message', message: message(1, '答', 'bot') })
    expect(visitor.state.typing).toBeNull()
    FakeSocket.last.feed(typing)
    await vi.advanceTimersByTimeAsync(5_000)
    expect(visitor.state.typing).toBeNull()
  })

  it('asks for a person once and says why it failed', async () => {
    const { server, visitor } = await opened()
    server.handoffAnswer = problem(409, 'handoff_closed', '现在没有人工客服')
    void visitor.askForPerson()
    void visitor.askForPerson()
    await settle()
    expect(server.handoffs).toEqual([{ reason: '客户点击了“转人工”' }])
    expect(visitor.state).toMatchObject({ handoff: 'failed', handoffError: '现在没有人工客服' })
    visitor.dismissHandoffError()
    server.handoffAnswer = null
    server.conversation = { ...server.conversation, status: 'queued' }
    await visitor.askForPerson()
    await settle()
    expect(visitor.state.handoff).toBe('idle')
    expect(visitor.state.view?.conversation?.status).toBe('queued')
  })
})
