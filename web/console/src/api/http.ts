import { ApiError, createHttp, NetworkError } from '@yingda/chat-client'
import { readToken } from '../session/tokenStorage'

export { ApiError, NetworkError }

export type Query = Record<string, string | number | null | undefined>

export interface RequestOptions {
  method?: 'GET' | 'POST' | 'PUT' | 'DELETE'
  query?: Query
  body?: unknown
  /** No token is sent, and a 401 means a wrong password, not an expired session. */
  anonymous?: boolean
}

let language = 'zh-CN'
let onUnauthorized: () => void = () => undefined

export function setRequestLanguage(value: string): void {
  language = value
}

export function setUnauthorizedHandler(handler: () => void): void {
  onUnauthorized = handler
}

export function withQuery(path: string, query: Query = {}): string {
  const params = new URLSearchParams()
  for (const [key, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== '') params.set(key, String(value))
  }
  const search = params.toString()
  return search ? `${path}?${search}` : path
}

/** Rejects with ApiError (the server refused) or NetworkError (it was not reached) and nothing else. */
export async function request<T>(path: string, options: RequestOptions = {}): Promise<T> {
  const { method = 'GET', query, body, anonymous = false } = options
  const token = anonymous ? null : readToken()
  try {
    const http = createHttp({ baseUrl: '', language, token: () => token })
    return await http.request<T>(method, withQuery(path, query), body)
  } catch (error) {
    if (error instanceof ApiError && error.status === 401 && token !== null) onUnauthorized()
    throw error
  }
}

/** The server is away, as opposed to saying no. */
export function isUnreachable(error: unknown): boolean {
  return error instanceof NetworkError || (error instanceof ApiError && [502, 503, 504].includes(error.status))
}
