import { ApiError, createHttp, NetworkError } from '@yingda/chat-client'
import { readToken } from '../session/tokenStorage'

export { ApiError, NetworkError }

export type Query = Record<string, string | number | null | undefined>

export interface RequestOptions {
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
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

const waits = new WeakMap<object, number>()

/** The seconds that the server asked to wait before the next try; null if it did not. */
export function retryAfter(error: unknown): number | null {
  return typeof error === 'object' && error !== null ? (waits.get(error) ?? null) : null
}

/** Rejects with ApiError (the server refused) or NetworkError (it was not reached) and nothing else. */
export async function request<T>(path: string, options: RequestOptions = {}): Promise<T> {
  const { method = 'GET', query, body, anonymous = false } = options
  const token = anonymous ? null : readToken()
  let seconds = 0
  const noting: typeof fetch = async (...call) => {
    const response = await fetch(...call)
    seconds = Number(response.headers.get('Retry-After')) || 0
    return response
  }
  try {
    const http = createHttp({ baseUrl: '', language, token: () => token, fetch: noting })
    return await http.request<T>(method, withQuery(path, query), body)
  } catch (error) {
    if (error instanceof ApiError) {
      if (seconds > 0) waits.set(error, seconds)
      // Other 401s are about what was typed (a code of the authenticator), not about the session.
      if (token !== null && error.status === 401 && error.code !== 'second_factor_wrong') onUnauthorized()
    }
    throw error
  }
}

/** A file of the API; rejects like `request`. */
export async function download(path: string, query: Query = {}): Promise<Blob> {
  let file = new Blob()
  const keeping: typeof fetch = async (...call) => {
    const response = await fetch(...call)
    if (!response.ok) return response
    file = await response.blob()
    return new Response(null, { status: 204 })
  }
  const http = createHttp({ baseUrl: '', language, token: readToken, fetch: keeping, timeoutMs: 120_000 })
  try {
    await http.get(withQuery(path, query))
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) onUnauthorized()
    throw error
  }
  return file
}

/** The server is away, as opposed to saying no. */
export function isUnreachable(error: unknown): boolean {
  return error instanceof NetworkError || (error instanceof ApiError && [502, 503, 504].includes(error.status))
}
