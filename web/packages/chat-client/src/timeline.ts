import type { AckFrame, Message } from './types'
import type { SendFailure, TimelineMessage } from './surface'

interface Entry {
  message: TimelineMessage
  /** Order of writing, for messages that have no place of their own yet. */
  local: number
}

/**
 * The messages of one conversation, each exactly once, in the order that everybody sees: by seq, notes behind
 * their anchor, our unsent ones last. It also knows how far the sequence is complete, which is what `sync` has
 * to ask for: not the highest seq seen, because that one may stand behind a hole.
 */
export class Timeline {
  /** Every seq from the oldest loaded message up to here is present; null before the first page. */
  tail: number | null = null
  lastSeq = 0
  readonly #entries = new Map<string, Entry>()
  readonly #keyById = new Map<string, string>()
  readonly #ahead = new Set<number>()
  #locals = 0
  #sorted: readonly TimelineMessage[] | null = []

  constructor(
    readonly conversationId: string,
    private readonly isOwn: (message: Message) => boolean,
  ) {}

  get messages(): readonly TimelineMessage[] {
    this.#sorted ??= [...this.#entries.values()].sort(compare).map(entry => entry.message)
    return this.#sorted
  }

  get oldestSeq(): number | null {
    return this.messages.find(message => message.seq !== null)?.seq ?? null
  }

  get(clientMsgId: string): TimelineMessage | undefined {
    return this.#entries.get(clientMsgId)?.message
  }

  knows(messageId: string): boolean {
    return this.#keyById.has(messageId)
  }

  /** Takes a stored message; true when it was not known before. */
  apply(message: Message): boolean {
    const key = this.#keyFor(message)
    const known = this.#entries.get(key)
    const own = known?.message.own === true || this.isOwn(message)
    const fresh = known === undefined || known.message.status !== 'sent'
    this.#set(key, { ...message, key, status: 'sent', own, failure: null }, known?.local ?? 0)
    this.#count(message.seq)
    return fresh
  }

  /** The newest page: from here on the sequence is complete up to its end. */
  applyNewest(items: readonly Message[]): void {
    for (const item of items) this.apply(item)
    const newest = items.reduce((max, item) => Math.max(max, item.seq ?? 0), 0)
    this.#advance(Math.max(newest, this.tail ?? 0))
  }

  addLocal(message: TimelineMessage): void {
    this.#set(message.key, message, ++this.#locals)
  }

  /** The server stored it. Returns false when the message is not ours or already known as stored. */
  ack(frame: AckFrame): boolean {
    const known = this.#entries.get(frame.client_msg_id)
    this.#count(frame.seq)
    if (!known || known.message.status === 'sent') return false
    const { message } = known
    this.#set(
      message.key,
      {
        ...message,
        id: frame.message_id,
        seq: frame.seq,
        // A note's true anchor comes with its next replay; until then it stays where it was written.
        anchor_seq: message.note ? this.lastSeq : null,
        created_at: frame.created_at,
        status: 'sent',
        failure: null,
      },
      known.local,
    )
    return true
  }

  setStatus(clientMsgId: string, status: 'sending' | 'failed', failure: SendFailure | null): boolean {
    const known = this.#entries.get(clientMsgId)
    if (!known || known.message.status === 'sent') return false
    this.#set(clientMsgId, { ...known.message, status, failure }, known.local)
    return true
  }

  remove(clientMsgId: string): void {
    if (this.#entries.delete(clientMsgId)) this.#sorted = null
  }

  /** A message is missing between what we have and what we saw. */
  get hasGap(): boolean {
    return this.tail !== null && this.#ahead.size > 0
  }

  #keyFor(message: Message): string {
    const byId = this.#keyById.get(message.id)
    if (byId !== undefined) return byId
    const clientMsgId = message.client_msg_id
    if (!clientMsgId) return message.id
    // Another sender may have chosen the same client_msg_id: it must not swallow this message.
    const holder = this.#entries.get(clientMsgId)
    return holder && holder.message.status === 'sent' && holder.message.id !== message.id ? message.id : clientMsgId
  }

  #set(key: string, message: TimelineMessage, local: number): void {
    this.#entries.set(key, { message, local })
    if (message.status === 'sent') this.#keyById.set(message.id, key)
    this.#sorted = null
  }

  #count(seq: number | null): void {
    if (seq === null) return
    this.lastSeq = Math.max(this.lastSeq, seq)
    if (this.tail !== null && seq <= this.tail) return
    this.#ahead.add(seq)
    if (this.tail !== null) this.#advance(this.tail)
  }

  #advance(from: number): void {
    let tail = from
    while (this.#ahead.delete(tail + 1)) tail++
    for (const seq of this.#ahead) if (seq <= tail) this.#ahead.delete(seq)
    this.tail = tail
    this.lastSeq = Math.max(this.lastSeq, tail)
  }
}

function compare(a: Entry, b: Entry): number {
  const [x, y] = [place(a.message), place(b.message)]
  if (x !== y) return x - y
  const [m, n] = [rank(a.message), rank(b.message)]
  if (m !== n) return m - n
  if (a.local !== b.local) return a.local - b.local
  const [s, t] = [a.message.created_at, b.message.created_at]
  if (s !== t) return s < t ? -1 : 1
  return a.message.id < b.message.id ? -1 : 1
}

function place(message: TimelineMessage): number {
  if (message.status !== 'sent') return Number.MAX_SAFE_INTEGER
  return message.seq ?? message.anchor_seq ?? 0
}

/** A note stands behind the message that it is anchored to. */
function rank(message: TimelineMessage): number {
  return message.seq === null ? 1 : 0
}
