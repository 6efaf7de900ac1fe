import { onScopeDispose, watch } from 'vue'
import { useRouter } from 'vue-router'
import type { Conversation } from '../api/types'
import { useConversationStore } from '../conversations/conversationStore'
import { t } from '../i18n'
import { useSessionStore } from '../session/sessionStore'
import { preferences } from './preferences'

export type AlertKind = 'queued' | 'transferred' | 'message'

const FRESH_MS = 15_000

function justQueued({ waiting_since, updated_at }: Conversation): boolean {
  return waiting_since !== null && Date.parse(updated_at) - Date.parse(waiting_since) < FRESH_MS
}

/** What the change of a conversation means to this agent, or null when it needs no notice. */
export function alertFor(before: Conversation | undefined, after: Conversation, agentId: string): AlertKind | null {
  if (after.status === 'queued') {
    const isNew = before ? before.status !== 'queued' : justQueued(after)
    return isNew ? 'queued' : null
  }
  if (after.status !== 'assigned' || after.assignee?.id !== agentId) return null
  const wasMine = before?.assignee?.id === agentId
  if (before && !wasMine) return before.status === 'assigned' ? 'transferred' : null
  const last = after.last_message
  if (last?.sender_kind !== 'customer' || after.unread === 0) return null
  return last.seq > (before?.last_message?.seq ?? 0) ? 'message' : null
}

let audio: AudioContext | null = null

/** Two short tones; no file to download. */
export function beep(): void {
  try {
    audio ??= new AudioContext()
    const context = audio
    if (context.state === 'suspended') void context.resume()
    for (const [offset, frequency] of [
      [0, 740],
      [0.13, 988],
    ] as const) {
      const oscillator = context.createOscillator()
      const gain = context.createGain()
      const start = context.currentTime + offset
      oscillator.frequency.value = frequency
      gain.gain.setValueAtTime(0, start)
      gain.gain.linearRampToValueAtTime(0.12, start + 0.01)
      gain.gain.exponentialRampToValueAtTime(0.001, start + 0.14)
      oscillator.connect(gain).connect(context.destination)
      oscillator.start(start)
      oscillator.stop(start + 0.15)
    }
  } catch {
    // No audio device, or not allowed before the first click.
  }
}

export async function askForNotifications(): Promise<boolean> {
  if (!('Notification' in window)) return false
  if (Notification.permission === 'default') await Notification.requestPermission()
  return Notification.permission === 'granted'
}

/** Sound, desktop notice and the number in the page title. */
export function useDeskAlerts(openConversationId: () => string | null): void {
  const store = useConversationStore()
  const session = useSessionStore()
  const router = useRouter()

  function show(title: string, body: string, conversationId: string) {
    if (!preferences.notifications || document.hasFocus()) return
    if (!('Notification' in window) || Notification.permission !== 'granted') return
    try {
      const notification = new Notification(title, { body, tag: conversationId })
      notification.onclick = () => {
        window.focus()
        void router.push({ name: 'conversations', params: { id: conversationId } })
        notification.close()
      }
    } catch {
      // Phones only notify from a service worker.
    }
  }

  const stop = store.onChange((before, conversation) => {
    if (!session.can('conversation.handle')) return
    const kind = alertFor(before, conversation, session.user?.id ?? '')
    if (!kind) return
    const watching = document.hasFocus() && openConversationId() === conversation.id
    if (kind === 'message' && watching) return
    if (preferences.sound && session.presence !== 'away') beep()
    const name = conversation.contact.name || t('conversations.anonymous')
    const title =
      kind === 'queued'
        ? t('alerts.queuedTitle')
        : kind === 'transferred'
          ? t('alerts.transferredTitle')
          : t('alerts.messageTitle', { name })
    const preview = conversation.last_message?.preview ?? ''
    show(title, kind === 'message' ? preview : `${name} ${preview}`, conversation.id)
  })

  // The browser wants a gesture before it asks, and before it lets the page make a sound.
  const firstClick = () => {
    if (preferences.notifications && session.can('conversation.handle')) void askForNotifications()
    if (preferences.sound) {
      try {
        audio ??= new AudioContext()
        void audio.resume()
      } catch {
        audio = null
      }
    }
  }
  window.addEventListener('pointerdown', firstClick, { once: true })

  watch(
    () => [store.counts.unread + store.counts.queue, t('app.console')] as const,
    ([count, name]) => (document.title = count > 0 ? `(${count > 99 ? '99+' : count}) ${name}` : name),
    { immediate: true },
  )
  onScopeDispose(() => {
    stop()
    window.removeEventListener('pointerdown', firstClick)
    document.title = t('app.console')
  })
}
