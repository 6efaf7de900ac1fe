import { storagePrefix } from '../embed'

/** localStorage of one site on one server; memory where the browser refuses it, so that the chat still works. */
export interface SiteStorage {
  get(name: string): string | null
  set(name: string, value: string): void
  remove(name: string): void
}

export function siteStorage(host: string, siteKey: string): SiteStorage {
  const prefix = storagePrefix(host, siteKey)
  const memory = new Map<string, string>()
  return {
    get(name) {
      try {
        return localStorage.getItem(prefix + name) ?? memory.get(name) ?? null
      } catch {
        return memory.get(name) ?? null
      }
    },
    set(name, value) {
      try {
        localStorage.setItem(prefix + name, value)
      } catch {
        memory.set(name, value)
      }
    },
    remove(name) {
      memory.delete(name)
      try {
        localStorage.removeItem(prefix + name)
      } catch {
        // Nothing was kept there either.
      }
    },
  }
}
