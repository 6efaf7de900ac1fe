import { mount } from '@vue/test-utils'
import { expect, it } from 'vitest'
import TimelineMessage from '../src/conversations/TimelineMessage.vue'
import { i18n } from '../src/i18n'
import { makeMessage } from './factories'

const show = (message: ReturnType<typeof makeMessage>, delivery: 'failed' | null = null) =>
  mount(TimelineMessage, { props: { message, delivery, grouped: false }, global: { plugins: [i18n] } })

const attack = '<img src=x onerror=alert(1)>'

it('shows what a customer wrote as text, even if it looks like markup', () => {
  const bubble = show(makeMessage({ content: { kind: 'text', text: attack, html: attack } }))
  expect(bubble.find('img').exists()).toBe(false)
  expect(bubble.text()).toContain(attack)
})

it('shows the bot’s sanitised markup, with links that open elsewhere', () => {
  const sender = { kind: 'bot' as const, id: 'b', name: '小应' }
  const html = '<p>见<a href="https://example.com">说明</a></p>'
  const link = show(makeMessage({ sender, content: { kind: 'text', text: '见说明', html } })).get('a')
  expect(link.attributes('target')).toBe('_blank')
  expect(link.attributes('rel')).toContain('noopener')
})

it('tells how sure the bot was and which entry it matched', () => {
  const sender = { kind: 'bot' as const, id: 'b', name: '小应' }
  const answer = { action: 'answer' as const, confidence: 0.996, faq_id: 'f', question: '怎么开发票' }
  const text = show(makeMessage({ sender, answer })).text()
  expect(text).toContain('99%')
  expect(text).toContain('怎么开发票')
})

it('shows no share of certainty where no entry was meant', () => {
  const sender = { kind: 'bot' as const, id: 'b', name: '小应' }
  const answer = { action: 'answer' as const, confidence: 0.004, faq_id: null, question: null }
  expect(show(makeMessage({ sender, answer })).text()).not.toContain('%')
})

it('offers to send a failed message again', async () => {
  const sender = { kind: 'agent' as const, id: 'a1', name: '小林' }
  const bubble = show(makeMessage({ sender, own: true, status: 'failed', client_msg_id: 'u1' }), 'failed')
  await bubble.findAll('button')[0]?.trigger('click')
  expect(bubble.emitted('retry')).toEqual([['u1']])
})

it('marks notes as hidden from the customer', () => {
  const sender = { kind: 'agent' as const, id: 'a1', name: '小林' }
  expect(show(makeMessage({ seq: null, note: true, sender })).text()).toContain('客户看不到')
})
