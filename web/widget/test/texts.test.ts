import { describe, expect, it } from 'vitest'
import { initial } from '../src/chat/Avatar'
import { checkDraft } from '../src/composer/draft'
import { statusText } from '../src/frame/Header'
import { pickLanguage, translator } from '../src/i18n'
import { en } from '../src/i18n/en'
import { zhCN } from '../src/i18n/zh-CN'
import { groupMessages } from '../src/timeline/groups'
import { repliesAfter, withWelcome } from '../src/timeline/Timeline'
import { config, conversation, entry } from './fixtures'

const t = translator(zhCN)

describe('catalogues', () => {
  it('have the same keys and the same values to fill in', () => {
    expect(Object.keys(en).sort()).toEqual(Object.keys(zhCN).sort())
    const holes = (text: string) => (text.match(/\{\w+\}/g) ?? []).sort()
    for (const [key, text] of Object.entries(zhCN)) expect(holes(en[key as keyof typeof en]), key).toEqual(holes(text))
  })

  it('use no name that the protocol uses, because the build shortens them', () => {
    const wire = ['conversation.updated', 'handoff.queued', 'handoff.accepted', 'conversation.resolved', 'typing.started']
    for (const name of [...wire, 'message.read', 'presence.changed', 'sync.required']) expect(zhCN).not.toHaveProperty([name])
  })

  it('follow the page, then the browser', () => {
    expect(pickLanguage(null, 'zh-TW')).toBe('zh-CN')
    expect(pickLanguage(null, 'fr')).toBe('en')
    expect(pickLanguage('en', 'zh-CN')).toBe('en')
    expect(pickLanguage(null, undefined)).toBe('zh-CN')
  })
})

describe('draft', () => {
  it('refuses what looks empty', () => {
    for (const text of ['', '  \n', '\u200b\u200d', '\u3000']) expect(checkDraft(text, 10).kind).toBe('empty')
  })

  it('counts characters as the server does and warns near the limit', () => {
    expect(checkDraft('好'.repeat(8), 10)).toEqual({ kind: 'ok' })
    expect(checkDraft('😀'.repeat(9), 10)).toEqual({ kind: 'near', count: 9 })
    expect(checkDraft(` ${'好'.repeat(12)} `, 10)).toEqual({ kind: 'over', count: 12, over: 2 })
  })
})

describe('header', () => {
  const view = (rest: object, queuePosition: number | null = null) => ({
    view: { conversation: { ...conversation(), ...rest }, queuePosition } as never,
  })

  it('says who answers', () => {
    expect(statusText(t, { view: null })).toBe('在线客服')
    expect(statusText(t, view({}))).toBe('机器人为您服务')
    expect(statusText(t, view({ status: 'queued' }))).toBe('排队中，请稍候')
    expect(statusText(t, view({ status: 'queued' }, 1))).toBe('排队中，您是第一位')
    expect(statusText(t, view({ status: 'queued' }, 3))).toBe('排队中，前面还有 2 位')
    expect(statusText(t, view({ status: 'assigned', assignee: { id: 'a', name: '小林' } }))).toBe('小林 为您服务')
    expect(statusText(t, view({ status: 'resolved' }))).toBe('会话已结束')
  })

  it('takes the last character of a Chinese name and the first letter of others', () => {
    expect([initial('小林'), initial('amy Wu'), initial('')]).toEqual(['林', 'A', ''])
  })
})

describe('timeline', () => {
  const at = (seq: number, iso: string, rest = {}) => entry(seq, { created_at: iso, ...rest })
  const now = new Date(2026, 10, 22, 12)
  const local = (day: number, hour: number, minute = 0) => new Date(2026, 10, day, hour, minute).toISOString()

  it('cuts into days and runs of one speaker', () => {
    const items = groupMessages(
      [
        at(1, local(20, 9)),
        at(2, local(21, 9)),
        at(3, local(22, 9)),
        at(4, local(22, 9, 1)),
        at(5, local(22, 9, 2), { sender: { kind: 'bot', id: null, name: '小应' } }),
        at(6, local(22, 9, 30), { sender: { kind: 'bot', id: null, name: '小应' } }),
      ],
      'zh-CN',
      t,
      now,
    )
    expect(items.map(item => item.day)).toEqual(['11月20日', '昨天', '今天', null, null, null])
    expect(items.map(item => item.first)).toEqual([true, true, true, false, true, true])
    expect(items.map(item => item.last)).toEqual([true, true, false, true, true, true])
  })

  it('knows which buttons are spent', () => {
    const replies = repliesAfter([entry(1), entry(2, { own: true }), entry(3)])
    expect(replies.get('m1')).toBe('第2条')
    expect(replies.has('m3')).toBe(false)
  })

  it('greets above the first message, unless there is more above or the server greeted', () => {
    expect(withWelcome([], config, false).map(m => m.content.text)).toEqual([config.welcome])
    expect(withWelcome([entry(9)], config, true)).toHaveLength(1)
    expect(withWelcome([entry(1, { content: { kind: 'text', text: config.welcome } })], config, false)).toHaveLength(1)
  })
})
