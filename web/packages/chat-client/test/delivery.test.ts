import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { memoryOutbox } from '../src/index'
import { ack, CONVERSATION, FakeSocket, message, note, settle, setUp, setUpOnline, statuses, texts } from './harness'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

describe('sending', () => {
  it('shows a message at once and turns it into the stored one', async () => {
    const { client, outbox } = await setUpOnline()
    const local = client.send(CONVERSATION, '你好')
    expect(statuses(client)).toEqual(['sending'])
    expect(FakeSocket.last.of('send')).toEqual([
      {
        type: 'send',
        client_msg_id: local.client_msg_id,
        conversation_id: CONVERSATION,
        content: { kind: 'text', text: '你好' },
      },
    ])
    FakeSocket.last.feed(ack(local.key, 1))
    const [stored] = client.view(CONVERSATION).messages
    expect(stored).toMatchObject({ key: local.key, id: 'm1', seq: 1, status: 'sent', own: true })
    expect(await outbox.list('s1')).toEqual([])
  })

  it('sends again under the same id when the connection dies before the ack', async () => {
    const { client } = await setUpOnline()
    const local = client.send(CONVERSATION, '在吗')
    FakeSocket.last.fail()
    await vi.advanceTimersByTimeAsync(1_000)
    FakeSocket.last.accept()
    expect(FakeSocket.last.of('send').map(frame => frame.client_msg_id)).toEqual([local.key])
    FakeSocket.last.feed(ack(local.key, 1))
    expect(texts(client)).toEqual(['在吗'])
    expect(statuses(client)).toEqual(['sent'])
  })

  it('shows one message when the ack was lost but the replay brings the message', async () => {
    const { client } = await setUpOnline()
    const local = client.send(CONVERSATION, '在吗')
    FakeSocket.last.fail()
    await vi.advanceTimersByTimeAsync(1_000)
    FakeSocket.last.accept()
    FakeSocket.last.feed({ type: 'message', message: { ...message(1, '在吗'), client_msg_id: local.key } })
    FakeSocket.last.feed({ type: 'synced', conversation_id: CONVERSATION, last_seq: 1 })
    FakeSocket.last.feed(ack(local.key, 1))
    expect(texts(client)).toEqual(['在吗'])
    expect(statuses(client)).toEqual(['sent'])
  })

  it('fails after 20 s without an ack, and retry keeps the id', async () => {
    const { client } = await setUpOnline()
    const local = client.send(CONVERSATION, '有人吗')
    for (let i = 0; i < 4; i++) {
      await vi.advanceTimersByTimeAsync(5_000)
      FakeSocket.last.feed({ type: 'pong' })
    }
    expect(client.view(CONVERSATION).messages[0]).toMatchObject({ status: 'failed', failure: { code: 'timeout' } })
    client.retry(local.key)
    expect(statuses(client)).toEqual(['sending'])
    expect(FakeSocket.last.of('send').map(frame => frame.client_msg_id)).toEqual([local.key, local.key])
    FakeSocket.last.feed(ack(local.key, 1))
    expect(statuses(client)).toEqual(['sent'])
  })

  it('does not count time without a connection as a failure', async () => {
    const { client, server } = await setUpOnline()
    server.down = true
    client.send(CONVERSATION, '断线时写的')
    FakeSocket.last.fail()
    await vi.advanceTimersByTimeAsync(60_000)
    expect(statuses(client)).toEqual(['sending'])
  })

  it('fails on an error frame, is not sent again by itself, and can be dropped', async () => {
    const { client, outbox } = await setUpOnline()
    const local = client.send(CONVERSATION, '太长')
    FakeSocket.last.feed({ type: 'error', code: 'message_too_long', detail: '消息太长', client_msg_id: local.key })
    expect(client.view(CONVERSATION).messages[0]).toMatchObject({
      status: 'failed',
      failure: { code: 'message_too_long', detail: '消息太长' },
    })
    FakeSocket.last.fail()
    await vi.advanceTimersByTimeAsync(1_000)
    FakeSocket.last.accept()
    expect(FakeSocket.last.of('send')).toEqual([])
    client.discard(local.key)
    expect(texts(client)).toEqual([])
    expect(await outbox.list('s1')).toEqual([])
  })

  it('sends again by itself what a server in trouble could not take', async () => {
    const { client } = await setUpOnline()
    const local = client.send(CONVERSATION, '稍后')
    FakeSocket.last.feed({ type: 'error', code: 'unavailable', detail: '服务暂时不可用', client_msg_id: local.key })
    expect(client.view(CONVERSATION).messages[0]?.failure?.detail).toBe('服务暂时不可用')
    FakeSocket.last.fail()
    await vi.advanceTimersByTimeAsync(1_000)
    FakeSocket.last.accept()
    expect(FakeSocket.last.of('send').map(frame => frame.client_msg_id)).toEqual([local.key])
    expect(statuses(client)).toEqual(['sending'])
  })

  it('passes errors that belong to no message on', async () => {
    const { client } = await setUpOnline()
    const seen = vi.fn()
    client.on('error', seen)
    FakeSocket.last.feed({ type: 'error', code: 'bad_frame', detail: '看不懂' })
    expect(seen).toHaveBeenCalledWith(expect.objectContaining({ code: 'bad_frame' }))
  })

  it('keeps the order of writing when many messages wait', async () => {
    const { client } = setUp()
    client.connect()
    const sent = ['一', '二', '三'].map(text => client.send(CONVERSATION, text))
    FakeSocket.last.accept()
    expect(FakeSocket.last.of('send').map(frame => frame.client_msg_id)).toEqual(sent.map(m => m.key))
  })
})

describe('outbox', () => {
  it('survives a reload and is sent under the same id', async () => {
    const outbox = memoryOutbox()
    const before = setUp({ outbox })
    before.client.connect()
    await before.client.open(CONVERSATION)
    const first = before.client.send(CONVERSATION, '一')
    const second = before.client.send(CONVERSATION, '二')
    before.client.close()

    const after = setUp({ outbox })
    after.client.connect()
    FakeSocket.last.accept()
    await after.client.open(CONVERSATION)
    await settle()
    expect(texts(after.client)).toEqual(['一', '二'])
    expect(FakeSocket.last.of('send').map(frame => frame.client_msg_id)).toEqual([first.key, second.key])
    FakeSocket.last.feed(ack(first.key, 1)).feed(ack(second.key, 2))
    expect(await outbox.list('s1')).toEqual([])
  })

  it('forgets what the history already holds', async () => {
    const outbox = memoryOutbox()
    const before = setUp({ outbox })
    before.client.connect()
    const local = before.client.send(CONVERSATION, '一')
    before.client.close()

    const after = setUp({ outbox })
    after.server.messages.push({ ...message(1, '一'), client_msg_id: local.key })
    await after.client.open(CONVERSATION)
    after.client.connect()
    await settle()
    FakeSocket.last.accept()
    expect(FakeSocket.last.of('send')).toEqual([])
    expect(texts(after.client)).toEqual(['一'])
    expect(await outbox.list('s1')).toEqual([])
  })

  it('keeps a refusal over a reload', async () => {
    const outbox = memoryOutbox()
    const before = await setUpOnline({ outbox })
    const local = before.client.send(CONVERSATION, '坏')
    FakeSocket.last.feed({ type: 'error', code: 'message_too_long', detail: '太长', client_msg_id: local.key })
    before.client.close()
    const after = await setUpOnline({ outbox })
    expect(statuses(after.client)).toEqual(['failed'])
    expect(FakeSocket.last.of('send')).toEqual([])
  })

  it('never sends under another scope', async () => {
    const outbox = memoryOutbox()
    const before = setUp({ outbox, scope: 'agent:1' })
    before.client.connect()
    before.client.send(CONVERSATION, '一号坐席写的')
    before.client.close()
    await setUpOnline({ outbox, scope: 'agent:2' })
    expect(FakeSocket.last.of('send')).toEqual([])
    expect(await outbox.list('agent:1')).toHaveLength(1)
  })
})

describe('receiving', () => {
  it('shows a message once, however often it arrives', async () => {
    const { client } = await setUpOnline({}, 2)
    const seen = vi.fn()
    client.on('message', seen)
    FakeSocket.last.feed({ type: 'message', message: message(3, '三', 'bot') })
    FakeSocket.last.feed({ type: 'message', message: message(3, '三', 'bot') })
    FakeSocket.last.feed({ type: 'message', message: message(2) })
    expect(texts(client)).toEqual(['第1条', '第2条', '三'])
    expect(seen).toHaveBeenCalledTimes(1)
    expect(seen).toHaveBeenCalledWith(expect.objectContaining({ live: true }))
  })

  it('asks for what is missing when a seq is skipped, from the last complete one', async () => {
    const { client } = await setUpOnline({}, 2)
    FakeSocket.last.feed({ type: 'message', message: message(5) })
    FakeSocket.last.feed({ type: 'message', message: message(6) })
    const syncs = () => FakeSocket.last.of('sync').map(frame => frame.after_seq)
    expect(syncs()).toEqual([2, 2])
    FakeSocket.last.feed({ type: 'message', message: message(3) })
    FakeSocket.last.feed({ type: 'message', message: message(4) })
    FakeSocket.last.feed({ type: 'synced', conversation_id: CONVERSATION, last_seq: 6 })
    expect(texts(client)).toEqual([1, 2, 3, 4, 5, 6].map(seq => `第${seq}条`))
  })

  it('asks for what is missing when an own ack skips a seq', async () => {
    const { client } = await setUpOnline({}, 1)
    const local = client.send(CONVERSATION, '我')
    FakeSocket.last.feed(ack(local.key, 3))
    expect(FakeSocket.last.of('sync').map(frame => frame.after_seq)).toEqual([1, 1])
    FakeSocket.last.feed({ type: 'message', message: message(2, '机器人', 'bot') })
    expect(texts(client)).toEqual(['第1条', '机器人', '我'])
  })

  it('syncs again when the replay ends short of the end', async () => {
    const { client } = await setUpOnline({}, 2)
    FakeSocket.last.feed({ type: 'message', message: message(4) })
    FakeSocket.last.feed({ type: 'synced', conversation_id: CONVERSATION, last_seq: 4 })
    expect(FakeSocket.last.of('sync').length).toBe(3)
    expect(client.view(CONVERSATION).lastSeq).toBe(4)
  })

  it('syncs every open conversation when the server says so, also during a sync', async () => {
    await setUpOnline({}, 2)
    FakeSocket.last.feed({ type: 'event', event: 'sync.required' })
    FakeSocket.last.feed({ type: 'event', event: 'sync.required' })
    expect(FakeSocket.last.of('sync')).toHaveLength(2)
    FakeSocket.last.feed({ type: 'synced', conversation_id: CONVERSATION, last_seq: 2 })
    expect(FakeSocket.last.of('sync')).toHaveLength(3)
  })

  it('does not replay a long history to somebody who only opened the newest page', async () => {
    const { client } = await setUpOnline({}, 120)
    expect(client.view(CONVERSATION)).toMatchObject({ hasOlder: true, lastSeq: 120 })
    expect(client.view(CONVERSATION).messages).toHaveLength(50)
    expect(FakeSocket.last.of('sync').map(frame => frame.after_seq)).toEqual([120])
    expect(await client.loadOlder(CONVERSATION)).toBe(true)
    expect(client.view(CONVERSATION).messages[0]?.seq).toBe(21)
    await client.loadOlder(CONVERSATION)
    expect(client.view(CONVERSATION)).toMatchObject({ hasOlder: false })
    expect(await client.loadOlder(CONVERSATION)).toBe(false)
  })

  it('loses nothing that arrives while the first page is on its way', async () => {
    const { client } = setUp({}, 3)
    client.connect()
    FakeSocket.last.accept()
    const opening = client.open(CONVERSATION)
    FakeSocket.last.feed({ type: 'message', message: message(4) })
    FakeSocket.last.feed({ type: 'message', message: message(6) })
    await opening
    expect(FakeSocket.last.of('sync').map(frame => frame.after_seq)).toEqual([4])
    expect(texts(client)).toEqual([1, 2, 3, 4, 6].map(seq => `第${seq}条`))
  })

  it('orders by seq, notes behind their anchor, unsent ones last', async () => {
    const { client } = await setUpOnline({ role: 'agent', self: { id: 'agent', name: '小林' } }, 1)
    client.send(CONVERSATION, '还没发出')
    FakeSocket.last.feed({ type: 'message', message: message(3, '三') })
    FakeSocket.last.feed({ type: 'message', message: note('备注甲', 1) })
    FakeSocket.last.feed({ type: 'message', message: message(2, '二') })
    FakeSocket.last.feed({ type: 'message', message: note('备注乙', 3) })
    expect(texts(client)).toEqual(['第1条', '备注甲', '二', '三', '备注乙', '还没发出'])
  })

  it('keeps a note once when its ack is followed by a replay', async () => {
    const { client } = await setUpOnline({ role: 'agent' }, 2)
    const local = client.send(CONVERSATION, '备注', { note: true })
    expect(FakeSocket.last.of('send')[0]).toMatchObject({ note: true })
    FakeSocket.last.feed(ack(local.key, null, 'n1'))
    FakeSocket.last.feed({ type: 'message', message: note('n1', 1) })
    expect(texts(client)).toEqual(['第1条', 'n1', '第2条'])
  })

  it('does not let a stranger with the same client_msg_id swallow our message', async () => {
    const { client } = await setUpOnline({ role: 'agent' })
    const local = client.send(CONVERSATION, '我的')
    FakeSocket.last.feed(ack(local.key, 1))
    FakeSocket.last.feed({ type: 'message', message: { ...message(2, '别人的'), client_msg_id: local.key } })
    expect(texts(client)).toEqual(['我的', '别人的'])
  })

  it('passes messages of conversations that are not open', async () => {
    const { client } = await setUpOnline()
    const seen = vi.fn()
    client.on('message', seen)
    FakeSocket.last.feed({ type: 'message', message: { ...message(9), conversation_id: 'c2' } })
    expect(seen).toHaveBeenCalledTimes(1)
    expect(client.view('c2').messages).toEqual([])
  })

  it('ignores frames that it does not understand', async () => {
    const { client } = await setUpOnline()
    FakeSocket.last.onmessage?.({ data: 'not json' } as MessageEvent)
    FakeSocket.last.feed({ type: 'from_the_future' })
    expect(client.state).toBe('online')
  })
})

describe('marks, typing and status', () => {
  it('sends each read mark once and again after a reconnect only if the server did not tell it', async () => {
    const { client } = await setUpOnline({}, 3)
    client.read(CONVERSATION, 2)
    client.read(CONVERSATION, 2)
    client.read(CONVERSATION, 1)
    expect(FakeSocket.last.of('read').map(frame => frame.seq)).toEqual([2])
    FakeSocket.last.fail()
    client.read(CONVERSATION, 3)
    await vi.advanceTimersByTimeAsync(1_000)
    FakeSocket.last.accept()
    expect(FakeSocket.last.of('read').map(frame => frame.seq)).toEqual([3])
  })

  it('tells typing at most every 3 s', async () => {
    const { client } = await setUpOnline()
    client.typing(CONVERSATION)
    client.typing(CONVERSATION)
    await vi.advanceTimersByTimeAsync(3_000)
    client.typing(CONVERSATION)
    expect(FakeSocket.last.of('typing')).toHaveLength(2)
  })

  it('follows status, queue place, assignee and read marks', async () => {
    const { client } = await setUpOnline()
    const queued = vi.fn()
    client.on('handoff.queued', queued)
    const event = (name: string, rest: object) =>
      FakeSocket.last.feed({ type: 'event', event: name, conversation_id: CONVERSATION, ...rest })
    event('handoff.queued', { position: 2 })
    expect(queued).toHaveBeenCalledWith({ conversation_id: CONVERSATION, position: 2 })
    expect(client.view(CONVERSATION)).toMatchObject({ queuePosition: 2, conversation: { status: 'queued' } })
    event('handoff.accepted', { agent: { id: 'a1', name: '小林' } })
    expect(client.view(CONVERSATION)).toMatchObject({
      queuePosition: null,
      conversation: { status: 'assigned', assignee: { name: '小林' } },
    })
    event('message.read', { reader: 'agent', seq: 4 })
    event('message.read', { reader: 'agent', seq: 2 })
    expect(client.view(CONVERSATION).readSeq.agent).toBe(4)
    event('conversation.resolved', {})
    expect(client.view(CONVERSATION).conversation?.status).toBe('resolved')
  })

  it('asks for the status again after a reconnect, because events are not replayed', async () => {
    const { client, server } = await setUpOnline()
    FakeSocket.last.fail()
    server.conversation = { ...server.conversation, status: 'assigned', assignee: { id: 'a1', name: '小林' } }
    await vi.advanceTimersByTimeAsync(1_000)
    FakeSocket.last.accept()
    await vi.advanceTimersByTimeAsync(1_000)
    expect(client.view(CONVERSATION).conversation?.assignee?.name).toBe('小林')
  })

  it('keeps the details that an event does not carry', async () => {
    const { client, server } = setUp()
    server.conversation.contact = { id: 'p1', name: '访客', created_at: '2026-11-01T00:00:00Z' }
    await client.open(CONVERSATION)
    client.connect()
    FakeSocket.last.accept()
    const listed = { ...server.conversation, status: 'queued' as const, contact: { id: 'p1', name: '王先生' } }
    FakeSocket.last.feed({ type: 'event', event: 'conversation.updated', conversation: listed })
    expect(client.view(CONVERSATION).conversation).toMatchObject({
      status: 'queued',
      contact: { name: '王先生', created_at: '2026-11-01T00:00:00Z' },
    })
  })

  it('tells one change for many frames of one turn', async () => {
    const { client } = await setUpOnline()
    const changed = vi.fn()
    client.on('changed', changed)
    FakeSocket.last.feed({ type: 'message', message: message(1) })
    FakeSocket.last.feed({ type: 'message', message: message(2) })
    await settle()
    expect(changed).toHaveBeenCalledTimes(1)
    expect(client.view(CONVERSATION)).toBe(client.view(CONVERSATION))
  })

  it('leaves a conversation', async () => {
    const { client } = await setUpOnline({}, 2)
    client.leave(CONVERSATION)
    FakeSocket.last.feed({ type: 'message', message: message(3) })
    expect(texts(client)).toEqual([])
  })
})
