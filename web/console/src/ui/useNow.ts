import { computed, onScopeDispose, readonly, ref, type Ref } from 'vue'

const now = ref(Date.now())
let users = 0
let timer: ReturnType<typeof setInterval> | undefined

/** One clock for the whole page, ticking every second while someone looks at it. */
export function useNow(): Readonly<Ref<number>> {
  if (users === 0) {
    now.value = Date.now()
    timer = setInterval(() => (now.value = Date.now()), 1000)
  }
  users += 1
  onScopeDispose(() => {
    users -= 1
    if (users === 0) clearInterval(timer)
  })
  return readonly(now)
}

/** The same clock in steps of a minute, for times that show no seconds. */
export function useMinute(): Readonly<Ref<number>> {
  const now = useNow()
  return computed(() => Math.floor(now.value / 60_000) * 60_000)
}
