import type { Button, TimelineMessage } from '@yingda/chat-client'
import { Avatar } from '../chat/Avatar'
import { useChat } from '../chat/context'
import { Icon } from '../chat/Icon'
import type { TimelineItem } from './groups'
import { timeOfDay } from './groups'
import { HtmlContent } from './HtmlContent'

export interface MessageRowProps {
  item: TimelineItem
  agentReadSeq: number
  /** What the customer said after this message; null while it is the latest word. */
  reply: string | null
  onImage: (src: string, alt: string) => void
  onButton: (button: Button) => void
}

/** Picks the look of one timeline entry by who speaks. */
export function MessageRow(props: MessageRowProps) {
  const { item } = props
  return (
    <>
      {item.day && (
        <div class="day" role="separator">
          <span>{item.day}</span>
        </div>
      )}
      {item.message.content.kind === 'event' || item.message.sender.kind === 'system' ? (
        <p class="system">{item.message.content.text}</p>
      ) : item.message.own ? (
        <OwnMessage item={item} agentReadSeq={props.agentReadSeq} />
      ) : (
        <ReceivedMessage {...props} />
      )}
    </>
  )
}

function OwnMessage({ item, agentReadSeq }: Pick<MessageRowProps, 'item' | 'agentReadSeq'>) {
  const { t, language } = useChat()
  const { message, last } = item
  return (
    <div class={`row own ${message.status}${last ? ' last' : ''}`}>
      <span class="hidden">{t('sender.you')}</span>
      <div class="bubble">{message.content.text}</div>
      {message.status === 'failed' ? (
        <FailedMeta message={message} />
      ) : (
        (last || message.status === 'sending') && (
          <p class="meta">
            {message.status === 'sent' && <time dateTime={message.created_at}>{timeOfDay(message.created_at, language)}</time>}
            <DeliveryStatus message={message} agentReadSeq={agentReadSeq} />
          </p>
        )
      )}
    </div>
  )
}

function DeliveryStatus({ message, agentReadSeq }: { message: TimelineMessage; agentReadSeq: number }) {
  const { t } = useChat()
  if (message.status === 'sending') {
    return (
      <span class="delivery">
        <Icon name="clock" size={13} />
        {t('message.sending')}
      </span>
    )
  }
  const read = message.seq !== null && message.seq <= agentReadSeq
  return (
    <span class={`delivery${read ? ' read' : ''}`}>
      <Icon name="check" size={13} />
      {t(read ? 'message.seen' : 'message.delivered')}
    </span>
  )
}

function FailedMeta({ message }: { message: TimelineMessage }) {
  const { t, conversation } = useChat()
  const reason = message.failure?.code === 'timeout' ? t('message.timeout') : message.failure?.detail
  return (
    <p class="meta failed">
      {reason && <span class="reason">{reason}</span>}
      <button class="link" onClick={() => conversation.resend(message.key)}>
        {t('message.failed')}
      </button>
      <button class="link quiet" onClick={() => conversation.discard(message.key)}>
        {t('message.discard')}
      </button>
    </p>
  )
}

function ReceivedMessage({ item, reply, onImage, onButton }: MessageRowProps) {
  const { t, language } = useChat()
  const { message, first, last } = item
  const { content, sender } = message
  const name = sender.name || t(sender.kind === 'agent' ? 'sender.agent' : 'sender.bot')
  const buttons = (content.kind === 'text' && content.buttons) || []
  return (
    <div class={`row ${sender.kind}${last ? ' last' : ''}`}>
      {first && (
        <p class="name">
          <Avatar kind={sender.kind} name={name} />
          {name}
          {sender.kind === 'bot' && name !== t('sender.bot') && <span class="tag">{t('sender.bot')}</span>}
        </p>
      )}
      <div class="bubble">
        {content.kind === 'text' && content.html ? (
          <HtmlContent html={content.html} onImage={onImage} />
        ) : (
          content.text
        )}
      </div>
      {buttons.length > 0 && (
        <div class="choices" role="group" aria-label={t('message.buttonsLabel')}>
          {buttons.map(button => (
            <button
              key={button.title}
              class={reply === button.payload ? 'chip chosen' : 'chip'}
              disabled={reply !== null}
              onClick={() => onButton(button)}
            >
              {button.title}
            </button>
          ))}
        </div>
      )}
      {last && message.seq !== null && message.created_at && (
        <p class="meta">
          <time dateTime={message.created_at}>{timeOfDay(message.created_at, language)}</time>
        </p>
      )}
    </div>
  )
}
