import type { VisitorConfig } from '@yingda/chat-client'
import { Avatar } from '../chat/Avatar'
import { useChat } from '../chat/context'
import type { ConversationState } from '../chat/conversation'
import { Icon } from '../chat/Icon'
import type { Translate } from '../i18n'

/** One sentence about who is answering. */
export function statusText(t: Translate, { view }: Pick<ConversationState, 'view'>): string {
  const conversation = view?.conversation
  switch (conversation?.status) {
    case undefined:
      return t('header.online')
    case 'bot':
      return t('status.bot')
    case 'queued': {
      const position = view?.queuePosition
      if (position === null || position === undefined) return t('status.queuedUnknown')
      return position > 1 ? t('status.queued', { count: position - 1 }) : t('status.queuedNext')
    }
    case 'assigned':
      return conversation.assignee ? t('status.assigned', { name: conversation.assignee.name }) : t('status.assignedUnnamed')
    case 'resolved':
      return t('status.resolved')
  }
}

export function Header({ config, state, onClose }: {
  config: VisitorConfig | null
  state: ConversationState
  onClose: (() => void) | null
}) {
  const { t } = useChat()
  const conversation = state.view?.conversation
  const agent = conversation?.status === 'assigned' ? conversation.assignee : null
  const status = conversation?.status ?? 'bot'
  return (
    <header>
      {config && <Avatar kind={agent ? 'agent' : 'bot'} name={agent?.name ?? config.bot.name} large />}
      <div class="who">
        <h1>
          {config?.tenant.name ?? t('header.online')}
          {config && status === 'bot' && <span class="tag">{config.bot.name}</span>}
        </h1>
        {config && (
          <p class={`status ${status}`} role="status">
            <i />
            <span>{statusText(t, state)}</span>
          </p>
        )}
      </div>
      {config && <HandoffButton state={state} />}
      {onClose && (
        <button class="iconButton" aria-label={t('header.close')} onClick={onClose}>
          <Icon name="down" />
        </button>
      )}
    </header>
  )
}

function HandoffButton({ state }: { state: ConversationState }) {
  const { t, conversation } = useChat()
  const status = state.view?.conversation?.status
  if (!status || status === 'assigned') return null
  const queued = status === 'queued'
  const asking = state.handoff === 'asking'
  return (
    <button
      class="handoff"
      disabled={queued || asking}
      onClick={() => void conversation.askForPerson()}
    >
      <Icon name={queued ? 'check' : 'person'} size={16} />
      {t(queued ? 'handoff.inQueue' : asking ? 'handoff.asking' : 'handoff.ask')}
    </button>
  )
}
