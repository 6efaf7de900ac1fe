import { ref, shallowRef, watch } from 'vue'
import { knowledgeApi } from '../api/endpoints'
import type { KnowledgeCategory, KnowledgeEntry } from '../api/types'

const PAGE_SIZE = 50
const SEARCH_DELAY_MS = 300

/** The entries of the knowledge base, narrowed down by words and category. */
export function useKnowledgeEntries() {
  const query = ref('')
  const category = ref<string | null>(null)
  const entries = shallowRef<KnowledgeEntry[]>([])
  const categories = shallowRef<KnowledgeCategory[]>([])
  const nextCursor = ref<string | null>(null)
  const loading = ref(true)
  const loadingMore = ref(false)
  const error = shallowRef<unknown>(null)
  let generation = 0
  let timer: ReturnType<typeof setTimeout> | undefined

  const filter = () => ({ q: query.value.trim(), category: category.value ?? undefined, limit: PAGE_SIZE })

  async function load() {
    generation += 1
    const mine = generation
    loading.value = true
    error.value = null
    try {
      const page = await knowledgeApi.entries(filter())
      if (mine !== generation) return
      entries.value = page.items
      nextCursor.value = page.next_cursor
    } catch (failure) {
      if (mine === generation) error.value = failure
    } finally {
      if (mine === generation) loading.value = false
    }
  }

  async function loadMore() {
    if (nextCursor.value === null || loadingMore.value) return
    const mine = generation
    loadingMore.value = true
    try {
      const page = await knowledgeApi.entries({ ...filter(), cursor: nextCursor.value })
      if (mine !== generation) return
      const known = new Set(entries.value.map((entry) => entry.id))
      entries.value = [...entries.value, ...page.items.filter((entry) => !known.has(entry.id))]
      nextCursor.value = page.next_cursor
    } finally {
      loadingMore.value = false
    }
  }

  async function loadCategories() {
    // The list works without them.
    categories.value = await knowledgeApi.categories().catch(() => [])
  }

  watch(query, () => {
    clearTimeout(timer)
    timer = setTimeout(load, SEARCH_DELAY_MS)
  })
  watch(category, load)
  void load()
  void loadCategories()

  function clear() {
    query.value = ''
    category.value = null
  }

  function reload() {
    void load()
    void loadCategories()
  }

  return { query, category, entries, categories, nextCursor, loading, loadingMore, error, reload, loadMore, clear }
}
