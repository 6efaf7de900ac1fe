import type { Button, TimelineMessage, VisitorConfig } from '@yingda/chat-client'
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import { Avatar } from '../chat/Avatar'
import { useChat } from '../chat/context'
import type { ConversationState } from '../chat/conversation'
import { Icon } from '../chat/Icon'
import { Dots } from '../frame/StartScreen'
import { groupMessages } from './groups'
import { ImageViewer } from './ImageViewer'
import { MessageRow } from './MessageRow'

const AT_BOTTOM_PX = 48
const LOAD_OLDER_PX = 120
const HANDOFF_PAYLOAD = '/handoff'

export function Timeline({ config, state, visible }: {
  config: VisitorConfig
  state: ConversationState
  visible: boolean
}) {
  const { t, language, conversation } = useChat()
  const { view, typing } = state
  const scroller = useRef<HTMLDivElement>(null)
  const content = useRef<HTMLDivElement>(null)
  const atBottom = useRef(true)
  const oldest = useRef<{ key: string; height: number } | null>(null)
  const lastOwn = useRef('')
  const [away, setAway] = useState(false)
  const [image, setImage] = useState<{ src: string; alt: string } | null>(null)
  const [seenSeq, setSeenSeq] = useState(0)

  const messages = view?.messages ?? []
  const lastSeq = view?.lastSeq ?? 0
  const ready = view?.history === 'ready'
  const items = groupMessages(withWelcome(messages, config, view?.hasOlder !== false || !ready), language, t)
  const replies = repliesAfter(messages)
  const fresh = messages.filter(m => m.seq !== null && m.seq > seenSeq && !m.own && m.content.kind === 'text').length
  const untouched = ready && !view.hasOlder && !messages.some(m => m.own)
  const newestOwn = messages.reduce((key, m) => (m.own ? m.key : key), '')

  const toBottom = (): void => {
    const box = scroller.current
    if (box) box.scrollTop = box.scrollHeight
  }

  const markSeen = (): void => {
    if (!visible || !atBottom.current || document.visibilityState !== 'visible' || lastSeq === 0) return
    setSeenSeq(lastSeq)
    conversation.seen(lastSeq)
  }

  const onScroll = (): void => {
    const box = scroller.current
    if (!box) return
    atBottom.current = box.scrollHeight - box.scrollTop - box.clientHeight < AT_BOTTOM_PX
    setAway(!atBottom.current)
    markSeen()
    if (box.scrollTop < LOAD_OLDER_PX && view?.hasOlder && !view.loadingOlder) void conversation.loadOlder()
  }

  // Before the browser paints: stay at the end, or stay at the line being read when older ones come in above.
  useLayoutEffect(() => {
    const box = scroller.current
    if (!box) return
    const first = messages[0]?.key ?? ''
    const wrote = newestOwn !== lastOwn.current
    if (wrote) {
      lastOwn.current = newestOwn
      atBottom.current = true
    }
    if (atBottom.current) toBottom()
    else if (oldest.current && oldest.current.key !== first) box.scrollTop += box.scrollHeight - oldest.current.height
    oldest.current = { key: first, height: box.scrollHeight }
  })

  useEffect(markSeen, [lastSeq, visible, ready])

  useEffect(() => {
    document.addEventListener('visibilitychange', markSeen)
    return () => document.removeEventListener('visibilitychange', markSeen)
  })

  // Images that arrive and a keyboard that opens change heights without any new message.
  useEffect(() => {
    if (!content.current || !scroller.current || !('ResizeObserver' in globalThis)) return
    const observer = new ResizeObserver(() => {
      if (atBottom.current) toBottom()
    })
    observer.observe(content.current)
    observer.observe(scroller.current)
    return () => observer.disconnect()
  }, [])

  const onButton = (button: Button): void => {
    if (button.payload === HANDOFF_PAYLOAD) void conversation.askForPerson()
    else conversation.send(button.payload)
  }

  return (
    <div class="timelineBox">
      <div class="timeline" ref={scroller} onScroll={onScroll} tabIndex={0} role="log" aria-live="polite" aria-label={t('timeline.label')} aria-busy={!ready}>
        <div class="timelineContent" ref={content}>
          {view?.loadingOlder && <p class="system">{t('history.older')}</p>}
          {view?.history === 'loading' && messages.length === 0 && (
            <Dots />
          )}
          {view?.history === 'error' && (
            <p class="system" role="alert">
              {t('history.failed')}
              <button class="link" onClick={() => conversation.reloadHistory()}>
                {t('history.retry')}
              </button>
            </p>
          )}
          {items.map(item => (
            <MessageRow
              key={item.message.key}
              item={item}
              agentReadSeq={view?.readSeq.agent ?? 0}
              reply={replies.get(item.message.key) ?? null}
              onImage={(src, alt) => setImage({ src, alt })}
              onButton={onButton}
            />
          ))}
          {untouched && config.suggestions.length > 0 && (
            <div class="suggestions" role="group" aria-label={t('suggestions.label')}>
              <p>{t('suggestions.label')}</p>
              {config.suggestions.map(text => (
                <button class="chip" key={text} onClick={() => conversation.send(text)}>
                  {text}
                </button>
              ))}
            </div>
          )}
          {typing && (
            <div class={`row ${typing.kind}`}>
              <p class="name">
                <Avatar kind={typing.kind} name={typing.name} />
                {t('typing.bot', { name: typing.name })}
              </p>
              <Dots />
            </div>
          )}
        </div>
      </div>
      {away && (
        <button
          class={fresh > 0 ? 'pill news' : 'pill'}
          aria-label={fresh > 0 ? undefined : t('timeline.toBottom')}
          onClick={() => {
            atBottom.current = true
            toBottom()
            setAway(false)
            markSeen()
          }}
        >
          <Icon name="down" size={16} />
          {fresh > 0 && t('timeline.newMessages', { count: fresh })}
        </button>
      )}
      {image && <ImageViewer {...image} onClose={() => setImage(null)} />}
    </div>
  )
}

/** For each received message the customer's next words: buttons above them are spent. */
export function repliesAfter(messages: readonly TimelineMessage[]): Map<string, string> {
  const replies = new Map<string, string>()
  let reply: string | null = null
  for (let at = messages.length - 1; at >= 0; at--) {
    const message = messages[at]
    if (!message) continue
    if (message.own) reply = message.content.text
    else if (reply !== null) replies.set(message.key, reply)
  }
  return replies
}

/** The greeting is a setting, not a stored message; it stands above the first one unless the server stored it too. */
export function withWelcome(
  messages: readonly TimelineMessage[],
  config: VisitorConfig,
  moreAbove: boolean,
): readonly TimelineMessage[] {
  if (moreAbove || !config.welcome || messages[0]?.content.text === config.welcome) return messages
  const welcome: TimelineMessage = {
    key: 'welcome',
    id: 'welcome',
    conversation_id: '',
    seq: null,
    sender: { kind: 'bot', id: null, name: config.bot.name },
    content: { kind: 'text', text: config.welcome },
    created_at: messages[0]?.created_at ?? new Date().toISOString(),
    status: 'sent',
    own: false,
    failure: null,
  }
  return [welcome, ...messages]
}
