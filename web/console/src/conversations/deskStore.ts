import { defineStore } from 'pinia'
import { ref, shallowRef } from 'vue'
import { sessionApi } from '../api/endpoints'
import type { Agent, CannedReply } from '../api/types'
import { useRealtimeEvent } from '../realtime/realtimeStore'
import { useSessionStore } from '../session/sessionStore'

/** What every conversation at the desk shares: the colleagues and the canned replies. */
export const useDeskStore = defineStore('desk', () => {
  const session = useSessionStore()
  const agents = shallowRef<Agent[]>([])
  const agentsError = shallowRef<unknown>(null)
  const agentsLoading = ref(false)
  const cannedReplies = shallowRef<CannedReply[]>([])
  const cannedError = shallowRef<unknown>(null)
  const cannedLoaded = ref(false)

  async function loadAgents() {
    agentsLoading.value = true
    try {
      agents.value = await sessionApi.agents()
      agentsError.value = null
    } catch (error) {
      agentsError.value = error
    } finally {
      agentsLoading.value = false
    }
  }

  async function loadCannedReplies() {
    try {
      cannedReplies.value = await sessionApi.cannedReplies()
      cannedError.value = null
      cannedLoaded.value = true
    } catch (error) {
      cannedError.value = error
    }
  }

  function reset() {
    agents.value = []
    cannedReplies.value = []
    cannedLoaded.value = false
  }

  useRealtimeEvent('presence.changed', ({ agent }) => {
    agents.value = agents.value.map((item) => (item.id === agent.id ? { ...item, presence: agent.presence } : item))
    // Offline is what others see while this console is gone; the choice itself stays.
    if (agent.id === session.user?.id && agent.presence !== 'offline') session.presence = agent.presence
  })

  return {
    agents,
    agentsError,
    agentsLoading,
    cannedReplies,
    cannedError,
    cannedLoaded,
    loadAgents,
    loadCannedReplies,
    reset,
  }
})
