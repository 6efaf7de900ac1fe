import { computed, ref } from 'vue'
import { retryAfter } from '../api/http'
import { useNow } from '../ui/useNow'

/** The seconds until the server lets this person try again; 0 when they may. */
export function useWait() {
  const now = useNow()
  const until = ref(0)
  const asked = ref(0)
  // The clock of the page is up to a second behind.
  const seconds = computed(() => Math.min(asked.value, Math.max(0, Math.ceil((until.value - now.value) / 1000))))

  /** Takes up the wait that a refusal asks for; false if it asks for none. */
  function begin(failure: unknown): boolean {
    const wait = retryAfter(failure)
    if (wait === null) return false
    asked.value = wait
    until.value = Date.now() + wait * 1000
    return true
  }

  return { seconds, begin }
}
