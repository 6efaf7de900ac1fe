import { ref, shallowRef } from 'vue'

/** Something that a page loads when it opens, and again on demand. What was loaded stays while it loads anew. */
export function useLoaded<T>(fetch: () => Promise<T>) {
  const value = shallowRef<T | null>(null)
  const error = shallowRef<unknown>(null)
  const loading = ref(false)
  let generation = 0

  async function load() {
    generation += 1
    const mine = generation
    loading.value = true
    error.value = null
    try {
      const answer = await fetch()
      if (mine === generation) value.value = answer
    } catch (failure) {
      if (mine === generation) error.value = failure
    } finally {
      if (mine === generation) loading.value = false
    }
  }

  void load()
  return { value, error, loading, load }
}
