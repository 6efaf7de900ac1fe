import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { conversationApi } from '../src/api/endpoints'
import { NetworkError } from '../src/api/http'
import type { Conversation, Page } from '../src/api/types'
import { useConversationStore } from '../src/conversations/conversationStore'
import { useSessionStore } from '../src/session/sessionStore'
import { makeConversation } from './factories'

const page = (items: Conversation[], next: string | null = null): Page<Conversation> => ({ items, next_cursor: next })
const mine = (id: string, at = '2026-11-22T08:00:00Z') =>
  makeConversation({ id, status: 'assigned', assignee: { id: 'a1', name: '小林' }, updated_at: at })

beforeEach(() => {
  setActivePinia(createPinia())
  useSessionStore().user = { id: 'a1', name: '小林', email: 'a@b', role: 'agent' }
  vi.restoreAllMocks()
})

describe('load', () => {
  it('shows only the answer to the latest question', async () => {
    let answerFirst: (value: Page<Conversation>) => void = () => undefined
    const list = vi.spyOn(conversationApi, 'list')
    list.mockReturnValueOnce(new Promise((resolve) => (answerFirst = resolve)))
    list.mockResolvedValueOnce(page([makeConversation({ id: 'queued' })]))
    const store = useConversationStore()
    const first = store.load()
    store.setView('queue')
    await vi.waitFor(() => expect(store.items).toHaveLength(1))
    answerFirst(page([mine('late')]))
    await first
    expect(store.items.map((item) => item.id)).toEqual(['queued'])
  })

  it('keeps the rows when a quiet refresh fails, and tells when there are none', async () => {
    const list = vi.spyOn(conversationApi, 'list').mockResolvedValueOnce(page([mine('c1')]))
    const store = useConversationStore()
    await store.load()
    list.mockRejectedValue(new NetworkError('away'))
    await store.load({ quiet: true })
    expect(store.items).toHaveLength(1)
    expect(store.error).toBeNull()
    await store.load()
    expect(store.error).toBeInstanceOf(NetworkError)
  })

  it('adds further pages', async () => {
    const list = vi.spyOn(conversationApi, 'list').mockResolvedValueOnce(page([mine('c1')], 'next'))
    const store = useConversationStore()
    await store.load()
    list.mockResolvedValueOnce(page([mine('c0', '2026-11-22T07:00:00Z')]))
    await store.loadMore()
    expect(list).toHaveBeenLastCalledWith(expect.objectContaining({ cursor: 'next' }))
    expect(store.items).toHaveLength(2)
    expect(store.nextCursor).toBeNull()
  })
})

describe('apply', () => {
  it('tells listeners what was known before', async () => {
    vi.spyOn(conversationApi, 'list').mockResolvedValue(page([mine('c1')]))
    const store = useConversationStore()
    await store.load()
    const listener = vi.fn()
    store.onChange(listener)
    const after = mine('c1', '2026-11-22T09:00:00Z')
    store.apply(after)
    expect(listener).toHaveBeenCalledWith(expect.objectContaining({ updated_at: '2026-11-22T08:00:00Z' }), after)
    expect(store.known.get('c1')).toEqual(after)
  })

  it('never goes back to an older state', () => {
    const store = useConversationStore()
    store.apply(mine('c1', '2026-11-22T09:00:00Z'))
    store.apply(mine('c1', '2026-11-22T08:00:00Z'))
    expect(store.known.get('c1')?.updated_at).toBe('2026-11-22T09:00:00Z')
  })
})
