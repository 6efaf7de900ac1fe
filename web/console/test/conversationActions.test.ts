import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { conversationApi } from '../src/api/endpoints'
import { ApiError } from '../src/api/http'
import { useConversationStore } from '../src/conversations/conversationStore'
import { actionsFor, replyBlock, useConversationActions } from '../src/conversations/useConversationActions'
import * as notices from '../src/ui/notify'
import { makeConversation } from './factories'

beforeEach(() => {
  setActivePinia(createPinia())
  vi.restoreAllMocks()
})

describe('useConversationActions', () => {
  it('names the colleague who was faster, and refreshes the list', async () => {
    const detail = '这位客户已由 周航 接待'
    const problem = { title: 'Conflict', status: 409, code: 'conversation_taken', detail }
    vi.spyOn(conversationApi, 'accept').mockRejectedValue(new ApiError(409, 'conversation_taken', detail, problem))
    const list = vi.spyOn(conversationApi, 'list').mockResolvedValue({ items: [], next_cursor: null })
    vi.spyOn(conversationApi, 'counts').mockResolvedValue({ mine: 0, queue: 0, bot: 0, unread: 0 })
    const notify = vi.spyOn(notices, 'notify').mockImplementation(() => undefined)
    expect(await useConversationActions().accept('c1')).toBe(false)
    expect(notify).toHaveBeenCalledWith(detail, 'warning')
    expect(list).toHaveBeenCalled()
  })

  it('shows the new state at once', async () => {
    const after = makeConversation({ status: 'assigned', assignee: { id: 'a1', name: '小林' } })
    vi.spyOn(conversationApi, 'accept').mockResolvedValue(after)
    vi.spyOn(notices, 'notify').mockImplementation(() => undefined)
    expect(await useConversationActions().accept('c1')).toBe(true)
    expect(useConversationStore().known.get('c1')).toEqual(after)
  })

  it('does not run twice on a double click', async () => {
    const accept = vi.spyOn(conversationApi, 'accept').mockResolvedValue(makeConversation())
    vi.spyOn(notices, 'notify').mockImplementation(() => undefined)
    const actions = useConversationActions()
    await Promise.all([actions.accept('c1'), actions.accept('c1')])
    expect(accept).toHaveBeenCalledOnce()
  })
})

describe('replyBlock', () => {
  const assigned = makeConversation({ status: 'assigned', assignee: { id: 'a1', name: '小林' } })

  it('opens the composer only to the assignee', () => {
    expect(replyBlock(assigned, 'a1', true)).toBeNull()
    expect(replyBlock(assigned, 'a2', true)).toBe('other')
    expect(replyBlock(makeConversation({ status: 'bot' }), 'a1', true)).toBe('bot')
  })

  it('never opens it to an analyst', () => expect(replyBlock(assigned, 'a1', false)).toBe('readonly'))
})

it('offers what the status allows', () => {
  expect(actionsFor(makeConversation({ status: 'queued' }), true)[0]).toBe('accept')
  expect(actionsFor(makeConversation({ status: 'resolved' }), true)).toEqual(['reopen'])
  expect(actionsFor(makeConversation({ status: 'queued' }), false)).toEqual([])
})
