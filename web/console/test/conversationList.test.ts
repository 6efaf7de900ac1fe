import { describe, expect, it } from 'vitest'
import {
  appendPage,
  applyConversation,
  belongsToView,
  neighbourId,
  secondsSince,
  waitLevel,
} from '../src/conversations/conversationList'
import { makeConversation } from './factories'

const mine = { view: 'mine' as const, agentId: 'a1', searching: false }
const queue = { view: 'queue' as const, agentId: 'a1', searching: false }
const assigned = (id: string, at: string) =>
  makeConversation({
    id,
    status: 'assigned',
    assignee: { id: 'a1', name: '小林' },
    updated_at: at,
    last_message: { seq: 1, sender_kind: 'customer', preview: '', created_at: at },
  })
const waiting = (id: string, since: string) => makeConversation({ id, waiting_since: since, updated_at: since })

describe('belongsToView', () => {
  it('counts as mine only what is assigned to me', () => {
    expect(belongsToView(assigned('c', '1'), 'mine', 'a1')).toBe(true)
    expect(belongsToView(assigned('c', '1'), 'mine', 'a2')).toBe(false)
    expect(belongsToView(makeConversation({ status: 'queued' }), 'mine', 'a1')).toBe(false)
  })

  it('shows everything under all', () => {
    for (const status of ['bot', 'queued', 'assigned', 'resolved'] as const) {
      expect(belongsToView(makeConversation({ status }), 'all', 'a1')).toBe(true)
    }
  })
})

describe('applyConversation', () => {
  it('moves a conversation with a new message to the top', () => {
    const list = [assigned('new', '2026-11-22T09:00:00Z'), assigned('old', '2026-11-22T08:00:00Z')]
    const next = applyConversation(list, assigned('old', '2026-11-22T10:00:00Z'), mine)
    expect(next.map((item) => item.id)).toEqual(['old', 'new'])
  })

  it('adds a newly queued conversation behind those that wait longer', () => {
    const list = [waiting('first', '2026-11-22T08:00:00Z'), waiting('second', '2026-11-22T08:05:00Z')]
    const next = applyConversation(list, waiting('third', '2026-11-22T08:06:00Z'), queue)
    expect(next.map((item) => item.id)).toEqual(['first', 'second', 'third'])
  })

  it('takes out what a colleague accepted', () => {
    const list = [waiting('c1', '2026-11-22T08:00:00Z')]
    const taken = makeConversation({
      status: 'assigned',
      assignee: { id: 'a2', name: '周航' },
      updated_at: '2026-11-22T08:01:00Z',
    })
    expect(applyConversation(list, taken, queue)).toEqual([])
  })

  it('ignores an event older than what is shown', () => {
    const list = [assigned('c1', '2026-11-22T09:00:00Z')]
    const next = applyConversation(list, makeConversation({ status: 'queued', updated_at: '2026-11-22T08:00:00Z' }), mine)
    expect(next).toEqual(list)
  })

  it('does not put conversations into a search result', () => {
    const found = [assigned('hit', '2026-11-22T08:00:00Z')]
    const searching = { ...mine, searching: true }
    expect(applyConversation(found, assigned('other', '2026-11-22T09:00:00Z'), searching)).toEqual(found)
    const updated = assigned('hit', '2026-11-22T10:00:00Z')
    expect(applyConversation(found, updated, searching)).toEqual([updated])
  })
})

describe('appendPage', () => {
  it('drops rows that an event brought in before the page', () => {
    const a = assigned('a', '2026-11-22T09:00:00Z')
    const b = assigned('b', '2026-11-22T08:00:00Z')
    expect(appendPage([a, b], [b, assigned('c', '2026-11-22T07:00:00Z')], mine).map((item) => item.id)).toEqual(['a', 'b', 'c'])
  })
})

describe('neighbourId', () => {
  const list = [{ id: 'a' }, { id: 'b' }, { id: 'c' }]

  it('steps and stops at the ends', () => {
    expect(neighbourId(list, 'a', 1)).toBe('b')
    expect(neighbourId(list, 'c', 1)).toBe('c')
    expect(neighbourId(list, 'a', -1)).toBe('a')
  })

  it('starts at an end when nothing is selected', () => {
    expect(neighbourId(list, null, 1)).toBe('a')
    expect(neighbourId(list, 'gone', -1)).toBe('c')
    expect(neighbourId([], null, 1)).toBeNull()
  })
})

describe('waiting', () => {
  it('turns amber after one minute and red after three', () => {
    expect([60, 61, 180, 181].map(waitLevel)).toEqual(['fresh', 'amber', 'amber', 'red'])
  })

  it('never counts below zero when the clocks differ', () => {
    expect(secondsSince('2026-11-22T08:00:05Z', Date.parse('2026-11-22T08:00:00Z'))).toBe(0)
    expect(secondsSince(null, 0)).toBe(0)
  })
})
