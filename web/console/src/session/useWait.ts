import { computed, ref } from 'vue'
import { retryAfter } from '../api/http'
import { useNow } from '../ui/useNow'

/** The seconds until the server lets this person try again; 0 when they may. */
export function useWait() {
  const now = useNow()
  const until = ref(0)
  const seconds = computed(() => Math.max(0, Math.ceil((until.value - now.value) / 1000)))

  /** Takes up the wait that a refusal asks for; false if it asks for none. */
  function begin(failure: unknown): boolean {
    const asked = retryAfter(failure)
    if (asked === null) return false
    until.value = Date.now() + asked * 1000
    return true
  }

  return { seconds, begin }
}
