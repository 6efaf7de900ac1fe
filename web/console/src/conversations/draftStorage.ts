import { reactive } from 'vue'

export interface Draft {
  reply: string
  note: string
}

const PREFIX = 'yingda.console.draft.'
const memory = new Map<string, Draft>()
const unsent = reactive(new Set<string>(storedIds()))

function storedIds(): string[] {
  try {
    return Object.keys(sessionStorage)
      .filter((key) => key.startsWith(PREFIX))
      .map((key) => key.slice(PREFIX.length))
      .filter((id) => readDraft(id).reply !== '')
  } catch {
    return []
  }
}

/** Whether a reply was begun and not sent; the list shows it. */
export function hasDraft(conversationId: string): boolean {
  return unsent.has(conversationId)
}

export function readDraft(conversationId: string): Draft {
  const known = memory.get(conversationId)
  if (known) return { ...known }
  try {
    const stored = JSON.parse(sessionStorage.getItem(PREFIX + conversationId) ?? 'null') as Partial<Draft> | null
    return { reply: String(stored?.reply ?? ''), note: String(stored?.note ?? '') }
  } catch {
    return { reply: '', note: '' }
  }
}

export function writeDraft(conversationId: string, draft: Draft): void {
  memory.set(conversationId, { ...draft })
  if (draft.reply.trim()) unsent.add(conversationId)
  else unsent.delete(conversationId)
  try {
    if (draft.reply || draft.note) sessionStorage.setItem(PREFIX + conversationId, JSON.stringify(draft))
    else sessionStorage.removeItem(PREFIX + conversationId)
  } catch {
    /* memory holds it */
  }
}

/** Someone else may log in on this machine. */
export function clearDrafts(): void {
  memory.clear()
  unsent.clear()
  try {
    for (const key of Object.keys(sessionStorage)) if (key.startsWith(PREFIX)) sessionStorage.removeItem(key)
  } catch {
    /* nothing stored */
  }
}
