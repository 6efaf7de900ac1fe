import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { ConnectionState } from '../src/index'
import { ack, CONVERSATION, FakeSocket, message, settle, setUp, setUpOnline, statuses, texts } from './harness'

beforeEach(() => {
  vi.useFakeTimers()
  vi.spyOn(Math, 'random').mockReturnValue(0)
})
afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
  vi.unstubAllGlobals()
})

async function failSockets(times: number): Promise<void> {
  for (let i = 0; i < times; i++) {
    FakeSocket.last.fail()
    await vi.advanceTimersByTimeAsync(15_000)
  }
}

describe('connection', () => {
  it('goes connecting → online → reconnecting → online, then offline when closed', async () => {
    const { client } = setUp()
    const seen: ConnectionState[] = []
    client.on('state', ({ state }) => seen.push(state))
    expect(client.state).toBe('connecting')
    client.connect()
    expect(FakeSocket.last.url).toBe('ws://host.test/ws/v1?token=tok')
    FakeSocket.last.accept()
    FakeSocket.last.fail()
    await vi.advanceTimersByTimeAsync(1_000)
    FakeSocket.last.accept()
    client.close()
    expect(seen).toEqual(['online', 'reconnecting', 'online', 'offline'])
    await vi.advanceTimersByTimeAsync(60_000)
    expect(FakeSocket.all).toHaveLength(2)
  })

  it('waits longer after each failure, between 0.5 s and 15 s', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(1)
    const { client, server } = setUp()
    server.down = true
    client.connect()
    const waits: number[] = []
    for (let i = 0; i < 7; i++) {
      const before = Date.now()
      const made = FakeSocket.all.length
      FakeSocket.last.fail()
      while (FakeSocket.all.length === made) await vi.advanceTimersByTimeAsync(100)
      waits.push(Date.now() - before)
    }
    expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000])
    vi.spyOn(Math, 'random').mockReturnValue(0)
    const made = FakeSocket.all.length
    FakeSocket.last.fail()
    await vi.advanceTimersByTimeAsync(499)
    expect(FakeSocket.all.length).toBe(made)
    await vi.advanceTimersByTimeAsync(1)
    expect(FakeSocket.all.length).toBe(made + 1)
  })

  it('comes back at once when the server restarts', async () => {
    await setUpOnline()
    FakeSocket.last.fail(1012)
    await settle()
    expect(FakeSocket.all).toHaveLength(2)
  })

  it('syncs from the last complete seq after a reconnect', async () => {
    await setUpOnline({}, 4)
    FakeSocket.last.feed({ type: 'message', message: message(5) })
    FakeSocket.last.fail()
    await vi.advanceTimersByTimeAsync(1_000)
    FakeSocket.last.accept()
    expect(FakeSocket.last.of('sync')).toEqual([{ type: 'sync', conversation_id: CONVERSATION, after_seq: 5 }])
  })

  it('pings every 25 s and drops a socket that is silent for 40 s', async () => {
    const { client } = await setUpOnline()
    const socket = FakeSocket.last
    const pings = () => socket.of('ping').length
    const first = pings()
    await vi.advanceTimersByTimeAsync(27_500)
    expect(pings()).toBe(first + 1)
    socket.feed({ type: 'pong' })
    await vi.advanceTimersByTimeAsync(27_500)
    expect(pings()).toBe(first + 2)
    expect(client.state).toBe('online')
    await vi.advanceTimersByTimeAsync(15_000)
    expect(client.state).toBe('reconnecting')
    expect(socket.closedByClient).toBe(true)
    await vi.advanceTimersByTimeAsync(1_000)
    expect(FakeSocket.all).toHaveLength(2)
  })

  it('gives up a socket that does not open within 10 s', async () => {
    const { client } = setUp()
    client.connect()
    await vi.advanceTimersByTimeAsync(11_000)
    expect(FakeSocket.all).toHaveLength(2)
  })

  it('ignores a socket that it has given up', async () => {
    const { client } = await setUpOnline()
    const old = FakeSocket.last
    old.fail()
    await vi.advanceTimersByTimeAsync(1_000)
    FakeSocket.last.accept()
    old.fail()
    old.feed({ type: 'message', message: message(1) })
    expect(client.state).toBe('online')
    expect(texts(client)).toEqual([])
  })

  it('reports a refused token once and stops', async () => {
    const onUnauthorized = vi.fn()
    const { client } = await setUpOnline({ onUnauthorized })
    FakeSocket.last.fail(4401)
    await vi.advanceTimersByTimeAsync(60_000)
    expect(onUnauthorized).toHaveBeenCalledTimes(1)
    expect(client.state).toBe('offline')
    expect(FakeSocket.all).toHaveLength(1)
  })

  it('goes on with the new token that onUnauthorized returns', async () => {
    const { client } = await setUpOnline({ onUnauthorized: async () => 'fresh' })
    const local = client.send(CONVERSATION, '别丢')
    FakeSocket.last.fail(4401)
    await settle()
    expect(FakeSocket.last.url).toBe('ws://host.test/ws/v1?token=fresh')
    FakeSocket.last.accept()
    expect(client.state).toBe('online')
    expect(FakeSocket.last.of('send').map(frame => frame.client_msg_id)).toEqual([local.key])
  })

  it('reports a refused token that only HTTP tells', async () => {
    const onUnauthorized = vi.fn()
    const { client, server } = setUp({ onUnauthorized })
    server.refuse = { status: 401, code: 'token_invalid' }
    client.connect()
    await expect(client.open(CONVERSATION)).rejects.toMatchObject({ status: 401 })
    expect(onUnauthorized).toHaveBeenCalledTimes(1)
    expect(client.view(CONVERSATION).history).toBe('error')
  })

  it('opens again after an error', async () => {
    const { client, server } = setUp({}, 2)
    server.down = true
    client.connect()
    await expect(client.open(CONVERSATION)).rejects.toMatchObject({ name: 'NetworkError' })
    server.down = false
    FakeSocket.last.accept()
    await settle()
    expect(client.view(CONVERSATION)).toMatchObject({ history: 'ready', lastSeq: 2 })
  })
})

describe('network and visibility', () => {
  function stubBrowser() {
    const windowTarget = new EventTarget()
    const documentTarget = Object.assign(new EventTarget(), { visibilityState: 'visible' })
    const navigatorState = { onLine: true }
    vi.stubGlobal('window', windowTarget)
    vi.stubGlobal('document', documentTarget)
    vi.stubGlobal('navigator', navigatorState)
    return { windowTarget, documentTarget, navigatorState }
  }

  it('is offline without a network and connects at once when it is back', async () => {
    const { windowTarget, navigatorState } = stubBrowser()
    const { client, server } = setUp()
    server.down = true
    client.connect()
    navigatorState.onLine = false
    windowTarget.dispatchEvent(new Event('offline'))
    FakeSocket.last.fail()
    expect(client.state).toBe('offline')
    await vi.advanceTimersByTimeAsync(1)
    navigatorState.onLine = true
    windowTarget.dispatchEvent(new Event('online'))
    expect(FakeSocket.all).toHaveLength(2)
    expect(client.state).toBe('reconnecting')
    client.close()
  })

  it('finds out within seconds of being looked at that a socket died during sleep', async () => {
    const { documentTarget } = stubBrowser()
    const { client } = await setUpOnline()
    documentTarget.dispatchEvent(new Event('visibilitychange'))
    await vi.advanceTimersByTimeAsync(7_500)
    expect(client.state).toBe('reconnecting')
    client.close()
  })

  it('keeps a living socket when looked at', async () => {
    const { documentTarget } = stubBrowser()
    const { client } = await setUpOnline()
    documentTarget.dispatchEvent(new Event('visibilitychange'))
    FakeSocket.last.feed({ type: 'pong' })
    await vi.advanceTimersByTimeAsync(20_000)
    expect(client.state).toBe('online')
    client.close()
  })
})

describe('polling', () => {
  it('starts after three sockets that delivered nothing, reads and sends over HTTP', async () => {
    const { client, server } = setUp({}, 2)
    client.connect()
    await client.open(CONVERSATION)
    await failSockets(3)
    expect(client.state).toBe('online')
    expect(client.transport).toBe('polling')
    server.messages.push(message(3, '来自轮询', 'bot'))
    await vi.advanceTimersByTimeAsync(3_000)
    expect(texts(client).at(-1)).toBe('来自轮询')
    const local = client.send(CONVERSATION, '走 HTTP')
    await settle()
    expect(server.posts()).toEqual([{ client_msg_id: local.key, content: { kind: 'text', text: '走 HTTP' } }])
    expect(statuses(client).at(-1)).toBe('sent')
    client.close()
  })

  it('treats a proxy that swallows frames like a socket that does not open', async () => {
    const { client } = setUp()
    client.connect()
    for (let i = 0; i < 3; i++) {
      FakeSocket.last.readyState = 1
      FakeSocket.last.onopen?.({} as Event)
      await vi.advanceTimersByTimeAsync(11_000)
      await vi.advanceTimersByTimeAsync(5_000)
    }
    expect(client.transport).toBe('polling')
    client.close()
  })

  it('does not send twice when the answer to a POST is lost', async () => {
    const { client, server } = setUp()
    client.connect()
    await client.open(CONVERSATION)
    await failSockets(3)
    const fetchNow = server.fetch
    server.refuse = { status: 502, code: 'bad_gateway' }
    const local = client.send(CONVERSATION, '只要一条')
    await settle()
    expect(client.state).toBe('reconnecting')
    expect(statuses(client)).toEqual(['sending'])
    // The first POST had been stored all the same.
    server.refuse = null
    await fetchNow('http://host.test/api/v1/conversations/c1/messages', {
      method: 'POST',
      headers: {},
      body: JSON.stringify({ client_msg_id: local.key, content: { kind: 'text', text: '只要一条' } }),
    })
    await vi.advanceTimersByTimeAsync(3_000)
    expect(texts(client)).toEqual(['只要一条'])
    expect(statuses(client)).toEqual(['sent'])
    expect(server.messages).toHaveLength(1)
    client.close()
  })

  it('marks a final refusal as failed', async () => {
    const { client, server } = setUp()
    client.connect()
    await client.open(CONVERSATION)
    await failSockets(3)
    server.refuse = { status: 422, code: 'message_too_long' }
    client.send(CONVERSATION, '长')
    await settle()
    expect(client.view(CONVERSATION).messages[0]).toMatchObject({
      status: 'failed',
      failure: { code: 'message_too_long', detail: '不行' },
    })
    client.close()
  })

  it('goes back to the socket when it works again', async () => {
    const { client, server } = setUp()
    client.connect()
    await client.open(CONVERSATION)
    await failSockets(3)
    await vi.advanceTimersByTimeAsync(15_000)
    FakeSocket.last.accept()
    expect(client.transport).toBe('websocket')
    const calls = server.calls.length
    await vi.advanceTimersByTimeAsync(9_000)
    expect(server.calls.length - calls).toBeLessThanOrEqual(1)
    const local = client.send(CONVERSATION, '回到套接字')
    FakeSocket.last.feed(ack(local.key, 1))
    expect(statuses(client)).toEqual(['sent'])
    client.close()
  })
})
