import { render } from 'preact'
import { act } from 'preact/test-utils'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ChatApp } from '../src/chat/ChatApp'
import { translator } from '../src/i18n'
import { zhCN } from '../src/i18n/zh-CN'
import { CONVERSATION, FakeSocket, HOST, makeConversation, message } from './fixtures'

beforeEach(() => {
  vi.useFakeTimers()
  localStorage.clear()
})
afterEach(() => {
  render(null, document.body)
  vi.useRealTimers()
})

const settle = (ms = 60) => act(() => vi.advanceTimersByTimeAsync(ms).then(() => undefined))

async function openApp(isPage = false) {
  let redraw = (): void => undefined
  const parts = makeConversation({ onChange: () => redraw() })
  const onClose = vi.fn()
  const context = { t: translator(zhCN), language: 'zh-CN' as const, host: HOST, conversation: parts.visitor }
  act(() => {
    render(
      <ChatApp
        context={context}
        storage={parts.storage}
        siteKey="demo"
        isPage={isPage}
        onReady={controls => {
          redraw = controls.redraw
          controls.setVisible(true)
        }}
        onClose={onClose}
      />,
      document.body,
    )
  })
  const start = async () => {
    await act(() => parts.visitor.start())
    FakeSocket.last.accept()
    await settle()
    FakeSocket.last.feed({ type: 'synced', conversation_id: CONVERSATION, last_seq: 0 })
    await settle()
  }
  return { ...parts, onClose, start }
}

function find<T extends Element = HTMLElement>(selector: string): T {
  const element = document.body.querySelector<T>(selector)
  if (!element) throw new Error(`no ${selector} in ${document.body.textContent}`)
  return element
}

async function type(text: string): Promise<void> {
  const area = find<HTMLTextAreaElement>('textarea')
  area.value = text
  area.dispatchEvent(new Event('input', { bubbles: true }))
  await settle()
}

async function press(key: string, rest: KeyboardEventInit & { keyCode?: number } = {}): Promise<KeyboardEvent> {
  const event = new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...rest })
  if (rest.keyCode) Object.defineProperty(event, 'keyCode', { value: rest.keyCode })
  find('textarea').dispatchEvent(event)
  await settle()
  return event
}

const sent = () => FakeSocket.last.of('send').map(frame => frame.content.text)
const body = () => document.body.textContent ?? ''

describe('composer', () => {
  it('sends on Enter, not on Shift+Enter and not while an input method composes', async () => {
    const { start } = await openApp()
    await start()
    await type('退货')
    await press('Enter', { shiftKey: true })
    await press('Enter', { isComposing: true })
    await press('Enter', { keyCode: 229 })
    expect(sent()).toEqual([])
    await press('Enter')
    expect(sent()).toEqual(['退货'])
    expect(find<HTMLTextAreaElement>('textarea').value).toBe('')
    expect(body()).toContain('发送中')
  })

  it('hints gently at an empty message and clearly at one that is too long, and keeps the text', async () => {
    const { start } = await openApp()
    await start()
    await type('   ')
    await press('Enter')
    expect(find('#yd-hint').textContent).toBe('先写点什么再发送吧')
    await type('长'.repeat(18))
    expect(find('.count').textContent).toBe('18 / 20')
    await type('长'.repeat(23))
    expect(find('#yd-hint').textContent).toBe('最多 20 字，超出了 3 字，请删减或分几条发送')
    await press('Enter')
    expect(sent()).toEqual([])
    expect(find<HTMLTextAreaElement>('textarea').value).toHaveLength(23)
  })

  it('keeps the draft over a reload', async () => {
    const first = await openApp()
    await first.start()
    await type('写了一半')
    render(null, document.body)
    const second = await openApp()
    await second.start()
    expect(find<HTMLTextAreaElement>('textarea').value).toBe('写了一半')
  })
})

describe('conversation', () => {
  it('greets, suggests, and always says that a machine answers while it does', async () => {
    const { start } = await openApp()
    expect(body()).toContain('正在打开对话')
    await start()
    expect(body()).toContain('您好，请问有什么可以帮您？')
    expect(find('.notice.ai').textContent).toBe('由人工智能客服自动回答')
    find('.suggestions .chip').click()
    await settle()
    expect(sent()).toEqual(['怎么退货'])
    expect(document.body.querySelector('.suggestions')).toBeNull()
    const event = { type: 'event', event: 'handoff.accepted', conversation_id: CONVERSATION, agent: { id: 'a', name: '小林' } }
    FakeSocket.last.feed(event)
    await settle()
    expect(document.body.querySelector('.notice.ai')).toBeNull()
    expect(find('.status').textContent).toBe('小林 为您服务')
  })

  it('shows 发送中, 已送达, 已读 as they become true', async () => {
    const { start } = await openApp()
    await start()
    await type('在吗')
    await press('Enter')
    const [frame] = FakeSocket.last.of('send')
    expect(find('.row.own').textContent).toContain('发送中')
    const ack = { message_id: 'm1', conversation_id: CONVERSATION, seq: 1, created_at: '2026-11-22T03:00:00Z' }
    FakeSocket.last.feed({ type: 'ack', client_msg_id: frame?.client_msg_id, ...ack })
    await settle()
    expect(find('.row.own').textContent).toContain('已送达')
    FakeSocket.last.feed({ type: 'event', event: 'message.read', conversation_id: CONVERSATION, reader: 'agent', seq: 1 })
    await settle()
    expect(find('.row.own').textContent).toContain('已读')
  })

  it('says why a message failed and sends it again at a click', async () => {
    const { start } = await openApp()
    await start()
    await type('坏')
    await press('Enter')
    const [frame] = FakeSocket.last.of('send')
    FakeSocket.last.feed({ type: 'error', code: 'x', detail: '不支持的内容', client_msg_id: frame?.client_msg_id })
    await settle()
    expect(find('.meta.failed').textContent).toContain('不支持的内容')
    find('.meta.failed .link').click()
    await settle()
    expect(FakeSocket.last.of('send').map(f => f.client_msg_id)).toEqual([frame?.client_msg_id, frame?.client_msg_id])
  })

  it('offers buttons until the customer has gone on, and asks for a person with /handoff', async () => {
    const { server, start } = await openApp()
    await start()
    const buttons = [
      { title: '怎么退货', payload: '我想退货' },
      { title: '转人工', payload: '/handoff' },
    ]
    const asked = message(1, '您是不是想问', 'bot')
    FakeSocket.last.feed({ type: 'message', message: { ...asked, content: { ...asked.content, buttons } } })
    await settle()
    const chips = () => [...document.body.querySelectorAll<HTMLButtonElement>('.choices .chip')]
    chips()[1]?.click()
    await settle()
    expect(server.handoffs).toHaveLength(1)
    chips()[0]?.click()
    await settle()
    expect(sent()).toEqual(['我想退货'])
    expect(chips().map(chip => chip.disabled)).toEqual([true, true])
    expect(chips()[0]?.className).toContain('chosen')
  })

  it('shows text as text and only server HTML as HTML, with safe and complete addresses', async () => {
    const { start } = await openApp()
    await start()
    const attack = '<img src=x onerror=alert(1)>'
    FakeSocket.last.feed({ type: 'message', message: message(1, attack, 'customer') })
    FakeSocket.last.feed({ type: 'message', message: message(2, attack, 'agent') })
    const html =
      '<p><a href="/help">帮助</a><a href="javascript:alert(1)">坏</a><img src="/files/1.png" alt="图"><img src="javascript:1"></p>'
    const rich = message(3, 'x', 'bot')
    FakeSocket.last.feed({ type: 'message', message: { ...rich, content: { ...rich.content, html } } })
    await settle()
    expect([...document.body.querySelectorAll('.bubble')].filter(b => b.textContent === attack)).toHaveLength(2)
    const [good, bad] = [...document.body.querySelectorAll<HTMLAnchorElement>('.html a')]
    expect(good?.getAttribute('href')).toBe('http://host.test/help')
    expect(good?.rel).toContain('noopener')
    expect(good?.target).toBe('_blank')
    expect(bad?.hasAttribute('href')).toBe(false)
    const images = [...document.body.querySelectorAll<HTMLImageElement>('.html img')]
    expect(images.map(image => image.getAttribute('src'))).toEqual(['http://host.test/files/1.png'])
    expect(images[0]?.getAttribute('loading')).toBe('lazy')
    images[0]?.click()
    await settle()
    find('.viewer').dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', bubbles: true }))
    await settle()
    expect(document.body.querySelector('.viewer')).toBeNull()
  })

  it('tells that it reconnects, and Esc closes a panel but not a page', async () => {
    const { start, onClose } = await openApp()
    await start()
    FakeSocket.last.fail()
    await settle(10)
    expect(body()).toContain('网络不稳，正在重连… 消息会自动补发')
    await press('Escape')
    expect(onClose).toHaveBeenCalledTimes(1)
    render(null, document.body)
    const page = await openApp(true)
    await page.start()
    await press('Escape')
    expect(page.onClose).not.toHaveBeenCalled()
  })

  it('is a log that speaks politely', async () => {
    const { start } = await openApp()
    await start()
    const log = find('[role=log]')
    expect(log.getAttribute('aria-live')).toBe('polite')
    expect(find('section').getAttribute('role')).toBe('dialog')
  })
})
