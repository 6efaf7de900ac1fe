import { ref } from 'vue'
import { conversationApi } from '../api/endpoints'
import { ApiError } from '../api/http'
import type { Conversation } from '../api/types'
import { t } from '../i18n'
import { notify, notifyError } from '../ui/notify'
import { useConversationStore } from './conversationStore'

/** The handoff protocol as buttons: runs one action at a time, tells the outcome, keeps the list right. */
export function useConversationActions() {
  const store = useConversationStore()
  const running = ref(false)

  async function run(action: () => Promise<Conversation>, done: string): Promise<boolean> {
    if (running.value) return false
    running.value = true
    try {
      store.apply(await action())
      notify(done)
      return true
    } catch (error) {
      if (error instanceof ApiError && error.code === 'conversation_taken') {
        notify(error.problem?.detail ?? t('actions.taken'), 'warning')
      } else {
        notifyError(error)
      }
      if (error instanceof ApiError && [404, 409].includes(error.status)) store.refresh()
      return false
    } finally {
      running.value = false
    }
  }

  return {
    running,
    accept: (id: string) => run(() => conversationApi.accept(id), t('actions.accepted')),
    resolve: (id: string) => run(() => conversationApi.resolve(id), t('actions.resolved')),
    reopen: (id: string) => run(() => conversationApi.reopen(id), t('actions.reopened')),
    returnToBot: (id: string) => run(() => conversationApi.returnToBot(id), t('actions.returned')),
    transfer: (id: string, agent: { id: string; name: string }) =>
      run(() => conversationApi.transfer(id, agent.id), t('actions.transferred', { name: agent.name })),
  }
}

export type ConversationAction = 'accept' | 'transfer' | 'resolve' | 'returnToBot' | 'reopen'

/** What the header offers. A colleague's conversation can be transferred or ended, not answered. */
export function actionsFor(conversation: Conversation, canHandle: boolean): ConversationAction[] {
  if (!canHandle) return []
  switch (conversation.status) {
    case 'bot':
      return ['accept', 'resolve']
    case 'queued':
      return ['accept', 'returnToBot', 'resolve']
    case 'assigned':
      return ['resolve', 'transfer', 'returnToBot']
    case 'resolved':
      return ['reopen']
  }
}

export type ReplyBlock = 'readonly' | 'queued' | 'bot' | 'resolved' | 'other'

/** Why this agent may not reply to the customer now, or null. */
export function replyBlock(conversation: Conversation, agentId: string, canHandle: boolean): ReplyBlock | null {
  if (!canHandle) return 'readonly'
  if (conversation.status !== 'assigned') return conversation.status
  return conversation.assignee?.id === agentId ? null : 'other'
}
