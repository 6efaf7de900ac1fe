import { defineStore } from 'pinia'
import { computed, ref, shallowRef, triggerRef } from 'vue'
import { conversationApi } from '../api/endpoints'
import type { Conversation, ConversationCounts, ConversationView } from '../api/types'
import { useCatchUp, useRealtimeEvent } from '../realtime/realtimeStore'
import { useSessionStore } from '../session/sessionStore'
import { appendPage, applyConversation } from './conversationList'

const PAGE_SIZE = 50
const COUNT_DELAY_MS = 400
// Bounds what an eight-hour shift leaves in memory.
const MAX_KNOWN = 2000

export type ChangeListener = (before: Conversation | undefined, after: Conversation) => void

/** The list on the left: one view of the inbox, kept up to date by events, and the counts of all views. */
export const useConversationStore = defineStore('conversations', () => {
  const session = useSessionStore()
  const view = ref<ConversationView>('mine')
  const query = ref('')
  const items = shallowRef<Conversation[]>([])
  const nextCursor = ref<string | null>(null)
  const loading = ref(false)
  const loadingMore = ref(false)
  const error = shallowRef<unknown>(null)
  const counts = ref<ConversationCounts>({ mine: 0, queue: 0, bot: 0, unread: 0 })
  const oldestWait = ref<string | null>(null)
  const known = shallowRef(new Map<string, Conversation>())
  const listeners = new Set<ChangeListener>()
  let generation = 0
  let countTimer: ReturnType<typeof setTimeout> | undefined

  const agentId = computed(() => session.user?.id ?? '')
  const context = () => ({ view: view.value, agentId: agentId.value, searching: query.value.trim() !== '' })

  function remember(conversations: readonly Conversation[]) {
    for (const conversation of conversations) {
      const before = known.value.get(conversation.id)
      if (before && before.updated_at > conversation.updated_at) continue
      known.value.delete(conversation.id)
      known.value.set(conversation.id, conversation)
    }
    for (const id of known.value.keys()) {
      if (known.value.size <= MAX_KNOWN) break
      known.value.delete(id)
    }
    triggerRef(known)
  }

  /** Shows the view. `quiet` keeps the rows on screen until the new ones are there. */
  async function load({ quiet = false }: { quiet?: boolean } = {}) {
    generation += 1
    const mine = generation
    error.value = null
    if (!quiet) {
      items.value = []
      nextCursor.value = null
      loading.value = true
    }
    try {
      const page = await conversationApi.list({ view: view.value, q: query.value.trim(), limit: PAGE_SIZE })
      if (mine !== generation) return
      remember(page.items)
      items.value = page.items
      nextCursor.value = page.next_cursor
    } catch (failure) {
      if (mine === generation && (!quiet || items.value.length === 0)) error.value = failure
    } finally {
      if (mine === generation) loading.value = false
    }
  }

  async function loadMore() {
    if (nextCursor.value === null || loadingMore.value || loading.value) return
    const mine = generation
    loadingMore.value = true
    try {
      const page = await conversationApi.list({
        view: view.value,
        q: query.value.trim(),
        limit: PAGE_SIZE,
        cursor: nextCursor.value,
      })
      if (mine !== generation) return
      remember(page.items)
      items.value = appendPage(items.value, page.items, context())
      nextCursor.value = page.next_cursor
    } catch {
      // The end of the list offers the next page again.
    } finally {
      loadingMore.value = false
    }
  }

  async function loadCounts() {
    try {
      counts.value = await conversationApi.counts()
      if (counts.value.queue === 0) {
        oldestWait.value = null
      } else {
        const page = await conversationApi.list({ view: 'queue', limit: 1 })
        remember(page.items)
        oldestWait.value = page.items[0]?.waiting_since ?? null
      }
    } catch {
      // The numbers stay as they were; the next event asks again.
    }
  }

  function loadCountsSoon() {
    if (countTimer !== undefined) return
    countTimer = setTimeout(() => {
      countTimer = undefined
      if (session.isReady) void loadCounts()
    }, COUNT_DELAY_MS)
  }

  function setView(next: ConversationView) {
    if (view.value === next) return
    view.value = next
    void load()
  }

  function setQuery(next: string) {
    if (query.value === next) return
    query.value = next
    void load()
  }

  /** Takes in one conversation from an event or from the answer to an action. */
  function apply(conversation: Conversation) {
    const before = known.value.get(conversation.id)
    remember([conversation])
    items.value = applyConversation(items.value, conversation, context())
    loadCountsSoon()
    for (const listener of listeners) listener(before, conversation)
  }

  /** Tells each change with what was known before it. Returns the way to stop. */
  function onChange(listener: ChangeListener): () => void {
    listeners.add(listener)
    return () => listeners.delete(listener)
  }

  function refresh() {
    void load({ quiet: true })
    void loadCounts()
  }

  function reset() {
    generation += 1
    view.value = 'mine'
    query.value = ''
    items.value = []
    nextCursor.value = null
    loading.value = false
    error.value = null
    counts.value = { mine: 0, queue: 0, bot: 0, unread: 0 }
    oldestWait.value = null
    known.value = new Map()
  }

  useRealtimeEvent('conversation.updated', ({ conversation }) => apply(conversation))
  useCatchUp(refresh)

  return {
    view,
    query,
    items,
    nextCursor,
    loading,
    loadingMore,
    error,
    counts,
    oldestWait,
    known,
    load,
    loadMore,
    loadCounts,
    setView,
    setQuery,
    apply,
    onChange,
    refresh,
    reset,
  }
})
