import type { Problem } from './types'

/** A refusal by the server, with its stable code; `message` is the server's sentence for people. */
export class ApiError extends Error {
  override name = 'ApiError'
  constructor(
    readonly status: number,
    readonly code: string,
    detail: string,
    readonly problem: Problem | null = null,
  ) {
    super(detail)
  }
}

/** The server was not reached, or did not answer in time. */
export class NetworkError extends Error {
  override name = 'NetworkError'
}

export interface HttpClient {
  request<T>(method: string, path: string, body?: unknown): Promise<T>
  get<T>(path: string): Promise<T>
  post<T>(path: string, body?: unknown): Promise<T>
}

export interface HttpOptions {
  baseUrl: string
  token?: () => string | null
  language?: string
  fetch?: typeof fetch
  timeoutMs?: number
}

/** Paths are relative to /api/v1. Rejects with ApiError or NetworkError and nothing else. */
export function createHttp(options: HttpOptions): HttpClient {
  const call = options.fetch ?? globalThis.fetch.bind(globalThis)

  async function request<T>(method: string, path: string, body?: unknown): Promise<T> {
    const headers: Record<string, string> = { Accept: 'application/json' }
    const token = options.token?.()
    if (token) headers['Authorization'] = `Bearer ${token}`
    if (options.language) headers['Accept-Language'] = options.language
    if (body !== undefined) headers['Content-Type'] = 'application/json'
    const abort = new AbortController()
    const timer = setTimeout(() => abort.abort(), options.timeoutMs ?? 20_000)
    let response: Response
    let text: string
    try {
      response = await call(`${options.baseUrl}/api/v1${path}`, {
        method,
        headers,
        body: body === undefined ? null : JSON.stringify(body),
        signal: abort.signal,
        credentials: 'omit',
      })
      text = response.status === 204 ? '' : await response.text()
    } catch (cause) {
      throw new NetworkError(cause instanceof Error ? cause.message : String(cause))
    } finally {
      clearTimeout(timer)
    }
    const data = parse(text)
    if (response.ok) {
      // A page in place of JSON is some gateway speaking, not the server.
      if (text && data === undefined) throw new NetworkError('not JSON')
      return data as T
    }
    const problem = isProblem(data) ? data : null
    throw new ApiError(
      response.status,
      problem?.code ?? `http_${response.status}`,
      problem?.detail ?? problem?.title ?? `HTTP ${response.status}`,
      problem,
    )
  }

  return {
    request,
    get: path => request('GET', path),
    post: (path, body = {}) => request('POST', path, body),
  }
}

function parse(text: string): unknown {
  if (!text) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isProblem(data: unknown): data is Problem {
  return typeof data === 'object' && data !== null && 'code' in data && 'title' in data
}
