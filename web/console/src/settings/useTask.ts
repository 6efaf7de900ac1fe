import { ref } from 'vue'
import { errorText } from '../ui/errorText'

/** One thing at a time that a form or dialog does, and what went wrong with it. */
export function useTask() {
  const busy = ref(false)
  const problem = ref('')

  /** True when it worked. */
  async function run(task: () => Promise<void>): Promise<boolean> {
    if (busy.value) return false
    busy.value = true
    problem.value = ''
    try {
      await task()
      return true
    } catch (failure) {
      problem.value = errorText(failure)
      return false
    } finally {
      busy.value = false
    }
  }

  return { busy, problem, run }
}
