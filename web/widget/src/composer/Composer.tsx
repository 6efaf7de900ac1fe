import type { VisitorConfig } from '@yingda/chat-client'
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import { useChat } from '../chat/context'
import type { ConversationState } from '../chat/conversation'
import { Icon } from '../chat/Icon'
import type { SiteStorage } from '../chat/storage'
import { checkDraft } from './draft'

export function Composer({ config, state, storage, visible }: {
  config: VisitorConfig
  state: ConversationState
  storage: SiteStorage
  visible: boolean
}) {
  const { t, conversation } = useChat()
  const area = useRef<HTMLTextAreaElement>(null)
  const [text, setText] = useState(() => storage.get('draft') ?? '')
  const [nudged, setNudged] = useState(false)
  const check = checkDraft(text, config.max_message_chars)
  const status = state.view?.conversation?.status
  const agent = state.view?.conversation?.assignee?.name

  useLayoutEffect(() => {
    const box = area.current
    if (!box) return
    box.style.height = 'auto'
    box.style.height = `${Math.min(box.scrollHeight, 132)}px`
  }, [text, visible])

  // Not on touch screens, where the focus would cover half of the chat with a keyboard.
  useEffect(() => {
    if (visible && matchMedia('(hover: hover)').matches) area.current?.focus()
  }, [visible])

  const write = (value: string): void => {
    setText(value)
    setNudged(false)
    if (value) storage.set('draft', value)
    else storage.remove('draft')
  }

  const send = (): void => {
    if (check.kind === 'empty' || check.kind === 'over') {
      if (check.kind === 'empty') write('')
      setNudged(true)
      area.current?.focus()
      return
    }
    conversation.send(text.trim())
    write('')
    area.current?.focus()
  }

  const onKeyDown = (event: KeyboardEvent): void => {
    // The Enter that picks a word in an input method is not a send; some browsers only tell by the key code.
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing || event.keyCode === 229) return
    event.preventDefault()
    send()
  }

  const hint =
    check.kind === 'over'
      ? t('composer.tooLong', { max: config.max_message_chars, over: check.over })
      : nudged && check.kind === 'empty'
        ? t('composer.empty')
        : ''
  const placeholder =
    status === 'resolved'
      ? t('composer.placeholderResolved')
      : status === 'assigned' && agent
        ? t('composer.placeholderAgent', { name: agent })
        : t('composer.placeholder')

  return (
    <form
      class="composer"
      onSubmit={event => {
        event.preventDefault()
        send()
      }}
    >
      <div class={`field${check.kind === 'over' ? ' invalid' : ''}`}>
        <textarea
          ref={area}
          rows={1}
          value={text}
          placeholder={placeholder}
          aria-label={t('composer.label')}
          aria-invalid={check.kind === 'over'}
          aria-describedby="yd-hint"
          enterkeyhint="send"
          onInput={event => {
            write(event.currentTarget.value)
            if (event.currentTarget.value) conversation.typing()
          }}
          onKeyDown={onKeyDown}
          onBlur={() => setNudged(false)}
        />
        <button
          type="submit"
          class="send"
          aria-label={t('composer.send')}
          aria-disabled={check.kind === 'empty' || check.kind === 'over'}
          onMouseDown={event => event.preventDefault()}
        >
          <Icon name="send" />
        </button>
      </div>
      <p class="hint">
        <span id="yd-hint" class={check.kind === 'over' ? 'danger' : ''} role="status">
          {hint}
        </span>
        {(check.kind === 'near' || check.kind === 'over') && (
          <span class={check.kind === 'over' ? 'count danger' : 'count'}>
            {t('composer.count', { count: check.count, max: config.max_message_chars })}
          </span>
        )}
        {!hint && check.kind !== 'near' && config.service_hours && (
          <span class="hours">{t('composer.hours', { hours: config.service_hours })}</span>
        )}
      </p>
    </form>
  )
}
