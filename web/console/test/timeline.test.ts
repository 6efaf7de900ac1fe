import { describe, expect, it } from 'vitest'
import { buildTimeline, highestSeq, lastCustomerText, type TimelineItem } from '../src/conversations/timeline'
import { makeMessage } from './factories'

const options = { agentId: 'a1', contactReadSeq: 0 }
const agent = { kind: 'agent' as const, id: 'a1', name: '小林' }
const messagesOf = (items: TimelineItem[]) => items.filter((item) => item.type === 'message')

describe('buildTimeline', () => {
  it('opens each local day with a line', () => {
    const items = buildTimeline(
      [makeMessage({ seq: 1, created_at: '2026-11-20T12:00:00Z' }), makeMessage({ seq: 2, created_at: '2026-11-22T12:00:00Z' })],
      options,
    )
    expect(items.map((item) => item.type)).toEqual(['day', 'message', 'day', 'message'])
  })

  it('groups what one person says in a row, and stops at a note, another person or a pause', () => {
    const items = messagesOf(
      buildTimeline(
        [
          makeMessage({ seq: 1, sender: agent, created_at: '2026-11-22T08:00:00Z' }),
          makeMessage({ seq: 2, sender: agent, created_at: '2026-11-22T08:01:00Z' }),
          makeMessage({ seq: null, id: 'n', key: 'n', note: true, sender: agent, created_at: '2026-11-22T08:01:10Z' }),
          makeMessage({ seq: 3, created_at: '2026-11-22T08:01:20Z' }),
          makeMessage({ seq: 4, created_at: '2026-11-22T08:09:00Z' }),
        ],
        options,
      ),
    )
    expect(items.map((item) => item.grouped)).toEqual([false, true, false, false, false])
  })

  it('tells how far an own message came', () => {
    const own = { sender: agent, own: true }
    const items = messagesOf(
      buildTimeline(
        [
          makeMessage({ ...own, seq: 1, created_at: '2026-11-22T08:00:00Z' }),
          makeMessage({ seq: 2, created_at: '2026-11-22T08:00:10Z' }),
          makeMessage({ ...own, seq: 3, created_at: '2026-11-22T08:00:20Z' }),
          makeMessage({ ...own, seq: null, key: 'p', id: 'p', status: 'sending', created_at: '2026-11-22T08:00:30Z' }),
        ],
        { agentId: 'a1', contactReadSeq: 1 },
      ),
    )
    expect(items.map((item) => item.delivery)).toEqual(['read', null, 'sent', 'sending'])
  })

  it('says the same state once for messages in a row, but every failure', () => {
    const own = { sender: agent, own: true }
    const row = (status: 'sent' | 'failed') =>
      messagesOf(
        buildTimeline([makeMessage({ ...own, seq: 1, status }), makeMessage({ ...own, seq: 2, status })], options),
      ).map((item) => item.delivery)
    expect(row('sent')).toEqual([null, 'sent'])
    expect(row('failed')).toEqual(['failed', 'failed'])
  })

  it('gives no state to what others wrote', () => {
    const other = { kind: 'agent' as const, id: 'a2', name: '周航' }
    expect(messagesOf(buildTimeline([makeMessage({ sender: other })], options))[0]?.delivery).toBeNull()
  })
})

it('finds the last words of the customer', () => {
  const bot = { kind: 'bot' as const, id: 'b', name: '小应' }
  const messages = [
    makeMessage({ seq: 1, content: { kind: 'text', text: '第一句' } }),
    makeMessage({ seq: 2, content: { kind: 'text', text: '第二句' } }),
    makeMessage({ seq: 3, sender: bot, content: { kind: 'text', text: '机器人' } }),
  ]
  expect(lastCustomerText(messages)).toBe('第二句')
  expect(lastCustomerText([])).toBeNull()
})

it('reads up to the highest seq, whatever notes stand behind it', () => {
  const items = buildTimeline([makeMessage({ seq: 7 }), makeMessage({ seq: null, id: 'n', key: 'n', anchor_seq: 7 })], options)
  expect(highestSeq(items)).toBe(7)
})
