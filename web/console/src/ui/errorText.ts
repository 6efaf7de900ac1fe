import { ApiError, isUnreachable } from '../api/http'
import { t } from '../i18n'

/** One sentence for the reader; the server's own sentence where it gave one. */
export function errorText(error: unknown): string {
  if (isUnreachable(error)) return t('error.network')
  if (error instanceof ApiError) {
    if (error.problem?.detail) return error.problem.detail
    if (error.status === 403) return t('error.forbidden')
    if (error.status === 404) return t('error.notFound')
    if (error.status === 429) return t('error.rateLimited')
  }
  return t('error.unknown')
}
