import { ElMessage } from 'element-plus'
import { errorText } from './errorText'

type Tone = 'success' | 'warning' | 'error'

const DURATION_MS: Record<Tone, number> = { success: 2000, warning: 4000, error: 6000 }

export function notify(message: string, type: Tone = 'success'): void {
  ElMessage({
    message,
    type,
    offset: 68, // clear of the actions in the header
    duration: DURATION_MS[type],
    grouping: true,
    showClose: type === 'error',
  })
}

export function notifyError(error: unknown): void {
  notify(errorText(error), 'error')
}
