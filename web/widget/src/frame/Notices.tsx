import type { VisitorConfig } from '@yingda/chat-client'
import type { ComponentChildren } from 'preact'
import { useChat } from '../chat/context'
import type { ConversationState } from '../chat/conversation'
import { Icon } from '../chat/Icon'
import type { IconName } from '../chat/Icon'

/** What stands between the header and the timeline: the connection, the queue, the AI notice. */
export function Notices({ config, state }: { config: VisitorConfig; state: ConversationState }) {
  const { t, conversation } = useChat()
  const { connection, handoff, handoffError, view } = state
  const status = view?.conversation?.status ?? 'bot'
  return (
    <>
      <div class="notices" aria-live="polite">
        {(connection === 'reconnecting' || connection === 'offline') && (
          <Notice look="warning" icon="alert" text={t(connection === 'offline' ? 'connection.offline' : 'connection.reconnecting')}>
            <button class="link" onClick={() => conversation.reconnect()}>
              {t('connection.retry')}
            </button>
          </Notice>
        )}
        {handoff === 'failed' && (
          <Notice
            look="danger"
            icon="alert"
            text={handoffError ? t('handoff.failed', { reason: handoffError }) : t('handoff.failedPlain')}
          >
            <button class="link" onClick={() => conversation.dismissHandoffError()}>
              {t('handoff.dismiss')}
            </button>
          </Notice>
        )}
        {status === 'queued' && <Notice look="info" icon="clock" text={t('handoff.queuedHint')} />}
      </div>
      {status === 'bot' && config.ai_notice && <Notice look="ai" icon="info" text={config.ai_notice} />}
    </>
  )
}

function Notice(props: { look: string; icon: IconName; text: string; children?: ComponentChildren }) {
  return (
    <p class={`notice ${props.look}`}>
      <Icon name={props.icon} size={16} />
      <span>{props.text}</span>
      {props.children}
    </p>
  )
}
