import { useChat } from '../chat/context'
import type { Phase } from '../chat/conversation'
import { Icon } from '../chat/Icon'

/** Everything that can stand in place of a conversation. */
export function StartScreen({ phase, siteKey }: { phase: Phase; siteKey: string }) {
  const { t, conversation } = useChat()
  if (phase.kind === 'idle' || phase.kind === 'starting' || phase.kind === 'ready') {
    return (
      <div class="start" role="status">
        <Dots />
        <p>{t('start.loading')}</p>
      </div>
    )
  }
  const [title, text] =
    phase.kind === 'unknown-site'
      ? [t('start.unknownTitle'), t('start.unknownVisitor')]
      : phase.kind === 'refused'
        ? [t('start.refusedTitle'), phase.reason]
        : [t('start.unreachableTitle'), t('start.unreachableText')]
  return (
    <div class="start" role="alert">
      <Icon name="alert" size={44} />
      <h2>{title}</h2>
      <p>{text}</p>
      {phase.kind === 'unknown-site' ? (
        <p class="aside">{t('start.unknownOwner', { siteKey })}</p>
      ) : (
        <button class="primary" onClick={() => conversation.retryStart()}>
          {t('start.retry')}
        </button>
      )}
    </div>
  )
}

/** Something is on its way. */
export function Dots() {
  return (
    <div class="bubble dots" aria-hidden="true">
      <i /><i /><i />
    </div>
  )
}
