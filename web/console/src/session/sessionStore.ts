import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import { sessionApi } from '../api/endpoints'
import { ApiError, setUnauthorizedHandler } from '../api/http'
import type { AgentPresence, Credentials, Permission, Presence, Tenant, User } from '../api/types'
import { clearDrafts } from '../conversations/draftStorage'
import { readToken, watchToken, writeToken } from './tokenStorage'

export type SessionEnd = 'expired' | 'logged_out'
export const useSessionStore = defineStore('session', () => {
  const token = ref(readToken())
  const user = shallowRef<User | null>(null)
  const tenant = shallowRef<Tenant | null>(null)
  const presence = ref<AgentPresence>('offline')
  const permissions = shallowRef<ReadonlySet<string>>(new Set())
  const hasSecondFactor = ref(false)
  /** Why the last session ended; the log-in page says it once. */
  const ended = ref<SessionEnd | null>(null)

  const isReady = computed(() => token.value !== null && user.value !== null)
  const can = (permission: Permission) => permissions.value.has(permission)

  function end(reason: SessionEnd | null) {
    writeToken(null)
    token.value = null
    user.value = null
    tenant.value = null
    presence.value = 'offline'
    permissions.value = new Set()
    hasSecondFactor.value = false
    ended.value = reason
  }

  setUnauthorizedHandler(() => {
    if (token.value !== null) end('expired')
  })
  watchToken((next) => {
    if (next === null && token.value !== null) end('logged_out')
    else if (next !== null && next !== token.value) window.location.reload()
  })

  async function load() {
    const me = await sessionApi.me()
    user.value = me.user
    tenant.value = me.tenant
    presence.value = me.presence
    permissions.value = new Set(me.permissions)
    hasSecondFactor.value = me.has_second_factor
  }

  /** Takes up a session from an earlier visit. False when there is none; throws when the server is away. */
  async function restore(): Promise<boolean> {
    if (token.value === null) return false
    if (user.value !== null) return true
    try {
      await load()
      return true
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) {
        end('expired')
        return false
      }
      throw error
    }
  }

  async function login(credentials: Credentials) {
    const answer = await sessionApi.login(credentials)
    writeToken(answer.access_token)
    token.value = answer.access_token
    ended.value = null
    try {
      await load()
    } catch (error) {
      end(null)
      throw error
    }
  }

  async function logout() {
    try {
      await sessionApi.logout()
    } catch {
      // The token is forgotten here in any case.
    }
    clearDrafts()
    end('logged_out')
  }

  async function setPresence(next: Presence) {
    const before = presence.value
    presence.value = next
    try {
      await sessionApi.setPresence(next)
    } catch (error) {
      presence.value = before
      throw error
    }
  }

  return {
    token,
    user,
    tenant,
    presence,
    permissions,
    hasSecondFactor,
    ended,
    isReady,
    can,
    load,
    restore,
    login,
    logout,
    expire: () => end('expired'),
    setPresence,
  }
})
