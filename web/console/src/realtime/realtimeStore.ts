import {
  createChatClient,
  type ChatClient,
  type ClientEventName,
  type ClientEvents,
  type ConnectionState,
  type Transport,
} from '@yingda/chat-client'
import { defineStore } from 'pinia'
import { ref, shallowRef, watch } from 'vue'
import { i18n } from '../i18n'
import { useSessionStore } from '../session/sessionStore'

/** The one connection of this page. It lives as long as the session. */
export const useRealtimeStore = defineStore('realtime', () => {
  const session = useSessionStore()
  const client = shallowRef<ChatClient | null>(null)
  const state = ref<ConnectionState>('connecting')
  const transport = ref<Transport>('none')

  function start() {
    const { token, user } = session
    if (token === null || user === null || client.value) return
    const next = createChatClient({
      baseUrl: '',
      token,
      role: 'agent',
      self: { id: user.id, name: user.name },
      scope: `agent:${user.id}`,
      language: i18n.global.locale.value,
      onUnauthorized: () => session.expire(),
    })
    state.value = next.state
    next.on('state', (change) => {
      state.value = change.state
      transport.value = change.transport
    })
    client.value = next
    next.connect()
  }

  function stop() {
    client.value?.close()
    client.value = null
    state.value = 'connecting'
    transport.value = 'none'
  }

  return { client, state, transport, start, stop, retryNow: () => client.value?.retryNow() }
})

/** Listens while the calling component or store lives. */
export function useRealtimeEvent<K extends ClientEventName>(
  event: K,
  listener: (payload: ClientEvents[K]) => void,
): void {
  const realtime = useRealtimeStore()
  watch(
    () => realtime.client,
    (client, _, onCleanup) => {
      if (client) onCleanup(client.on(event, listener))
    },
    { immediate: true, flush: 'sync' },
  )
}

/** Calls back whenever events may have been missed: after a reconnect and when the server says so. */
export function useCatchUp(refresh: () => void): void {
  const realtime = useRealtimeStore()
  watch(
    () => realtime.state,
    (state, before) => {
      if (state === 'online' && before !== 'online') refresh()
    },
  )
  useRealtimeEvent('sync.required', refresh)
}
