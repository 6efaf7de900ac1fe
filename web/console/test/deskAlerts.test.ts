import { expect, it } from 'vitest'
import { alertFor } from '../src/app/useDeskAlerts'
import { makeConversation } from './factories'

const me = { id: 'a1', name: '小林' }
const other = { id: 'a2', name: '周航' }
const said = (seq: number, sender_kind: 'customer' | 'agent' = 'customer') => ({
  seq,
  sender_kind,
  preview: '',
  created_at: '2026-11-22T08:00:00Z',
})

it('calls once for a newly queued conversation', () => {
  const queued = makeConversation({ status: 'queued' })
  expect(alertFor(makeConversation({ status: 'bot' }), queued, 'a1')).toBe('queued')
  expect(alertFor(queued, queued, 'a1')).toBeNull()
})

it('knows a conversation that it never saw by how long it has waited', () => {
  expect(alertFor(undefined, makeConversation(), 'a1')).toBe('queued')
  const longAgo = makeConversation({ waiting_since: '2026-11-22T07:00:00Z', updated_at: '2026-11-22T08:00:00Z' })
  expect(alertFor(undefined, longAgo, 'a1')).toBeNull()
})

it('calls for the customer’s words in my conversations only', () => {
  const before = makeConversation({ status: 'assigned', assignee: me, last_message: said(4) })
  expect(alertFor(before, { ...before, last_message: said(5) }, 'a1')).toBe('message')
  expect(alertFor(before, { ...before, last_message: said(5, 'agent') }, 'a1')).toBeNull()
  expect(alertFor(before, { ...before, last_message: said(5), unread: 0 }, 'a1')).toBeNull()
  expect(alertFor(before, before, 'a1')).toBeNull()
  const theirs = makeConversation({ status: 'assigned', assignee: other, last_message: said(4) })
  expect(alertFor(theirs, { ...theirs, last_message: said(5) }, 'a1')).toBeNull()
})

it('calls when a colleague hands a conversation over, not when I accept one myself', () => {
  const after = makeConversation({ status: 'assigned', assignee: me })
  expect(alertFor(makeConversation({ status: 'assigned', assignee: other }), after, 'a1')).toBe('transferred')
  expect(alertFor(makeConversation({ status: 'queued' }), after, 'a1')).toBeNull()
})
