import type { ConversationView as ClientView } from '@yingda/chat-client'
import { computed, onScopeDispose, ref, shallowRef, toValue, watch, type MaybeRefOrGetter } from 'vue'
import type { ConversationDetail } from '../api/types'
import { useRealtimeEvent, useRealtimeStore } from '../realtime/realtimeStore'
import { useSessionStore } from '../session/sessionStore'
import { useConversationStore } from './conversationStore'
import { buildTimeline } from './timeline'

const TYPING_MS = 5000

/** One open conversation: its timeline, kept in step by the chat client, and what can be done with it. */
export function useConversation(conversationId: MaybeRefOrGetter<string>) {
  const realtime = useRealtimeStore()
  const session = useSessionStore()
  const store = useConversationStore()
  const view = shallowRef<ClientView | null>(null)
  const typing = ref<string | null>(null)
  let typingTimer: ReturnType<typeof setTimeout> | undefined

  const messages = computed(() => view.value?.messages ?? [])

  const conversation = computed<ConversationDetail | null>(() => {
    const detail = view.value?.conversation
    if (!detail) return null
    const latest = store.known.get(detail.id)
    const merged =
      latest && latest.updated_at >= detail.updated_at
        ? { ...detail, ...latest, contact: { ...detail.contact, ...latest.contact } }
        : detail
    return { ...merged, handoff: detail.handoff ?? null }
  })

  const timeline = computed(() =>
    buildTimeline(messages.value, {
      agentId: session.user?.id ?? '',
      contactReadSeq: view.value?.readSeq.customer ?? 0,
    }),
  )

  function stopTyping() {
    clearTimeout(typingTimer)
    typing.value = null
  }

  watch(
    [() => toValue(conversationId), () => realtime.client] as const,
    ([id, client], _, onCleanup) => {
      stopTyping()
      view.value = null
      if (!client) return
      view.value = client.view(id)
      client.open(id).catch(() => undefined) // the view carries the error
      view.value = client.view(id)
      onCleanup(() => client.leave(id))
    },
    { immediate: true },
  )
  onScopeDispose(stopTyping)

  useRealtimeEvent('changed', (next) => {
    if (next.conversationId === toValue(conversationId)) view.value = next
  })
  useRealtimeEvent('typing.started', ({ conversation_id, sender }) => {
    if (conversation_id !== toValue(conversationId) || sender.kind === 'agent') return
    clearTimeout(typingTimer)
    typing.value = sender.name
    typingTimer = setTimeout(stopTyping, TYPING_MS)
  })
  useRealtimeEvent('message', ({ message }) => {
    if (message.conversation_id === toValue(conversationId) && message.sender.kind !== 'agent') stopTyping()
  })

  return {
    view,
    messages,
    conversation,
    timeline,
    typing,
    reload: () => realtime.client?.open(toValue(conversationId)).catch(() => undefined),
    loadOlder: () => realtime.client?.loadOlder(toValue(conversationId)) ?? Promise.resolve(false),
    send: (text: string, note: boolean) => realtime.client?.send(toValue(conversationId), text, { note }),
    retry: (clientMsgId: string) => realtime.client?.retry(clientMsgId),
    discard: (clientMsgId: string) => realtime.client?.discard(clientMsgId),
    markRead: (seq: number) => realtime.client?.read(toValue(conversationId), seq),
    notifyTyping: () => realtime.client?.typing(toValue(conversationId)),
  }
}

export type ConversationHandle = ReturnType<typeof useConversation>
