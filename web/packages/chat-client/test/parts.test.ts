import 'fake-indexeddb/auto'
import { describe, expect, it, vi } from 'vitest'
import { ApiError, browserOutbox, createHttp, NetworkError, randomId } from '../src/index'
import type { OutboxItem } from '../src/index'

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

describe('randomId', () => {
  it('makes a UUID v4 with and without the secure-context API', () => {
    const insecure = {
      getRandomValues: (bytes: Uint8Array<ArrayBuffer>) => globalThis.crypto.getRandomValues(bytes),
    } as unknown as Crypto
    expect(randomId()).toMatch(UUID)
    for (let i = 0; i < 100; i++) expect(randomId(insecure)).toMatch(UUID)
    expect(randomId(insecure)).not.toBe(randomId(insecure))
  })
})

describe('browserOutbox', () => {
  const item = (id: string, scope = 's'): OutboxItem => ({
    client_msg_id: id,
    scope,
    conversation_id: 'c1',
    content: { kind: 'text', text: id },
    note: false,
    created_at: '2026-11-22T00:00:00Z',
    order: 0,
    refused: null,
  })

  it('keeps items over instances, by scope', async () => {
    const before = browserOutbox('t1')
    await before.put(item('a'))
    await before.put(item('b'))
    await before.put(item('c', 'other'))
    await before.remove('a')
    const after = browserOutbox('t1')
    expect((await after.list('s')).map(found => found.client_msg_id)).toEqual(['b'])
  })

  it('applies a put and a remove in the order of the calls', async () => {
    const outbox = browserOutbox('t2')
    void outbox.put(item('a'))
    void outbox.remove('a')
    expect(await outbox.list('s')).toEqual([])
  })

  it('falls back to memory where IndexedDB is refused', async () => {
    const open = vi.spyOn(indexedDB, 'open').mockImplementation(() => {
      throw new DOMException('denied', 'SecurityError')
    })
    const outbox = browserOutbox('t3')
    await outbox.put(item('a'))
    expect(await outbox.list('s')).toHaveLength(1)
    await outbox.remove('a')
    expect(await outbox.list('s')).toEqual([])
    open.mockRestore()
  })
})

describe('createHttp', () => {
  const http = (response: () => Promise<Response>, seen: RequestInit[] = []) =>
    createHttp({
      baseUrl: 'https://h',
      token: () => 't',
      language: 'en',
      fetch: ((_url: string, init: RequestInit) => {
        seen.push(init)
        return response()
      }) as unknown as typeof fetch,
    })

  it('sends the token and the language', async () => {
    const seen: RequestInit[] = []
    await http(async () => new Response('{"ok":true}'), seen).get('/me')
    expect(seen[0]?.headers).toMatchObject({ Authorization: 'Bearer t', 'Accept-Language': 'en' })
  })

  it('turns a problem into an ApiError and no answer into a NetworkError', async () => {
    const problem = { title: '已结束', detail: '会话已结束', code: 'conversation_closed', status: 409 }
    const refused = http(async () => new Response(JSON.stringify(problem), { status: 409 })).post('/x')
    await expect(refused).rejects.toMatchObject({ status: 409, code: 'conversation_closed', message: '会话已结束' })
    await expect(refused).rejects.toBeInstanceOf(ApiError)
    const html = http(async () => new Response('<h1>Bad gateway</h1>', { status: 502 })).get('/x')
    await expect(html).rejects.toMatchObject({ code: 'http_502' })
    const portal = http(async () => new Response('<h1>Log in to this Wi-Fi</h1>')).get('/x')
    await expect(portal).rejects.toBeInstanceOf(NetworkError)
    await expect(http(() => Promise.reject(new TypeError('down'))).get('/x')).rejects.toBeInstanceOf(NetworkError)
  })

  it('takes 204 as nothing', async () => {
    expect(await http(async () => new Response(null, { status: 204 })).request('DELETE', '/x')).toBeUndefined()
  })
})
