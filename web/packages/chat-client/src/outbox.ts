import type { OutgoingContent } from './types'
import type { SendFailure } from './surface'

const STORE = 'messages'

/** A message that the server has not acknowledged. */
export interface OutboxItem {
  client_msg_id: string
  scope: string
  conversation_id: string
  content: OutgoingContent
  note: boolean
  /** When it was written, and its place among messages of the same millisecond. */
  created_at: string
  order: number
  /** Set when the server refused it: then only the writer's retry sends it again. */
  refused: SendFailure | null
}

/** Keeps unsent messages over a reload. Writes are applied in the order of the calls. */
export interface OutboxStore {
  list(scope: string): Promise<OutboxItem[]>
  put(item: OutboxItem): Promise<unknown>
  remove(clientMsgId: string): Promise<unknown>
}

export function memoryOutbox(): OutboxStore {
  const items = new Map<string, OutboxItem>()
  return {
    async list(scope) {
      return [...items.values()].filter(item => item.scope === scope)
    },
    async put(item) {
      items.set(item.client_msg_id, item)
    },
    async remove(clientMsgId) {
      items.delete(clientMsgId)
    },
  }
}

/**
 * IndexedDB, or memory where it is missing or refused (private windows, blocked storage): losing an unsent
 * message over a reload is then possible, losing the chat is not.
 */
export function browserOutbox(name = 'yingda-outbox'): OutboxStore {
  const memory = memoryOutbox()
  const database = openDatabase(name).catch(() => null)

  async function attempt<T>(
    mode: IDBTransactionMode,
    work: (store: IDBObjectStore) => IDBRequest<T>,
    otherwise: () => Promise<T>,
  ): Promise<T> {
    try {
      const transaction = (await database)?.transaction(STORE, mode)
      if (!transaction) return await otherwise()
      const request = work(transaction.objectStore(STORE))
      return await new Promise<T>((resolve, reject) => {
        transaction.oncomplete = () => resolve(request.result)
        transaction.onabort = reject
      })
    } catch {
      return otherwise()
    }
  }

  return {
    list: scope =>
      attempt<OutboxItem[]>('readonly', store => store.index('scope').getAll(scope), () => memory.list(scope)),
    put: item => attempt<unknown>('readwrite', store => store.put(item) as IDBRequest<unknown>, () => memory.put(item)),
    remove: id => attempt<unknown>('readwrite', store => store.delete(id) as IDBRequest<unknown>, () => memory.remove(id)),
  }
}

function openDatabase(name: string): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(name, 1)
    request.onupgradeneeded = () => {
      request.result.createObjectStore(STORE, { keyPath: 'client_msg_id' }).createIndex('scope', 'scope')
    }
    request.onsuccess = () => resolve(request.result)
    request.onerror = request.onblocked = () => reject(request.error)
  })
}
