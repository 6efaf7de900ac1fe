const TOKEN_KEY = 'yingda.console.token'

// Private windows may refuse storage; the log-in then lives as long as the page.
let memory: string | null = null

export function readToken(): string | null {
  try {
    return localStorage.getItem(TOKEN_KEY) ?? memory
  } catch {
    return memory
  }
}

export function writeToken(token: string | null): void {
  memory = token
  try {
    if (token === null) localStorage.removeItem(TOKEN_KEY)
    else localStorage.setItem(TOKEN_KEY, token)
  } catch {
    /* memory holds it */
  }
}

/** Calls back when another tab logs in or out. */
export function watchToken(callback: (token: string | null) => void): () => void {
  const listener = (event: StorageEvent) => {
    if (event.key !== TOKEN_KEY) return
    memory = event.newValue
    callback(event.newValue)
  }
  window.addEventListener('storage', listener)
  return () => window.removeEventListener('storage', listener)
}
