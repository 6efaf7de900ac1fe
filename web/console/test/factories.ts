import type { TimelineMessage } from '@yingda/chat-client'
import type { Conversation, Member } from '../src/api/types'

export function makeConversation(overrides: Partial<Conversation> = {}): Conversation {
  return {
    id: 'c1',
    status: 'queued',
    inbox: { id: 'i1', name: '官网', channel: 'web' },
    contact: { id: 'p1', name: '王建国' },
    assignee: null,
    last_seq: 1,
    last_message: { seq: 1, sender_kind: 'customer', preview: '你好', created_at: '2026-11-22T08:00:00Z' },
    unread: 1,
    agent_read_seq: 0,
    contact_read_seq: 0,
    waiting_since: '2026-11-22T08:00:00Z',
    created_at: '2026-11-22T07:00:00Z',
    updated_at: '2026-11-22T08:00:00Z',
    ...overrides,
  }
}

export function makeMessage(overrides: Partial<TimelineMessage> = {}): TimelineMessage {
  const seq = overrides.seq === undefined ? 1 : overrides.seq
  return {
    id: `m${seq}`,
    key: `m${seq}`,
    conversation_id: 'c1',
    seq,
    sender: { kind: 'customer', id: 'p1', name: '王建国' },
    content: { kind: 'text', text: '你好' },
    note: false,
    created_at: '2026-11-22T08:00:00Z',
    status: 'sent',
    own: false,
    failure: null,
    ...overrides,
  }
}

export function makeMember(overrides: Partial<Member> = {}): Member {
  return {
    id: 'u2',
    email: 'zhou@tea.example',
    name: '周同事',
    role: 'agent',
    status: 'active',
    has_second_factor: false,
    created_at: '2026-11-22T08:00:00Z',
    ...overrides,
  }
}
