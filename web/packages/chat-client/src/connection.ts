import type { ClientFrame, ServerFrame } from './types'
import type { SocketLike } from './surface'

const BACKOFF_MIN_MS = 500
const BACKOFF_MAX_MS = 15_000
const OPEN_TIMEOUT_MS = 10_000
const PING_EVERY_MS = 25_000
const SILENCE_MS = 40_000
const PROBE_MS = 10_000
const TICK_MS = 2_500

const OPEN = 1
const CLOSE_TOKEN_REFUSED = 4401
const CLOSE_SERVER_RESTART = 1012

export interface ConnectionOptions {
  url: () => string
  socket: new (url: string) => SocketLike
  onOpen: () => void
  onFrame: (frame: ServerFrame) => void
  /** The socket is gone; `failures` sockets in a row have delivered nothing. */
  onDown: (failures: number) => void
  onUnauthorized: () => void
}

/**
 * One WebSocket at a time, made again whenever it is lost. A socket counts as working only when a frame came
 * through it: some proxies accept the upgrade and then swallow everything.
 */
export class Connection {
  open = false
  #socket: SocketLike | null = null
  #running = false
  #delivered = false
  #failures = 0
  #lastFrameAt = 0
  #lastSentAt = 0
  #pingAt = 0
  #probeMs = PROBE_MS
  #retryTimer: ReturnType<typeof setTimeout> | undefined
  #openTimer: ReturnType<typeof setTimeout> | undefined
  #tickTimer: ReturnType<typeof setInterval> | undefined

  constructor(private readonly options: ConnectionOptions) {}

  start(): void {
    if (this.#running) return
    this.#running = true
    this.#failures = 0
    this.#attempt()
  }

  stop(): void {
    this.#running = false
    clearTimeout(this.#retryTimer)
    this.#drop()
  }

  /** Connects now instead of at the end of the back-off, or finds out whether an open socket still lives. */
  hurry(): void {
    if (!this.#running) return
    if (this.open) {
      this.#probe(PROBE_MS / 2)
    } else if (!this.#socket) {
      clearTimeout(this.#retryTimer)
      this.#attempt()
    }
  }

  send(frame: ClientFrame): boolean {
    if (!this.open || this.#socket?.readyState !== OPEN) return false
    this.#socket.send(JSON.stringify(frame))
    this.#lastSentAt = Date.now()
    return true
  }

  #attempt(): void {
    this.#delivered = false
    let socket: SocketLike
    try {
      socket = new this.options.socket(this.options.url())
    } catch {
      this.#down(0)
      return
    }
    this.#socket = socket
    this.#openTimer = setTimeout(() => this.#lost(0), OPEN_TIMEOUT_MS)
    socket.onopen = () => {
      clearTimeout(this.#openTimer)
      this.open = true
      this.#lastFrameAt = Date.now()
      this.#tickTimer = setInterval(() => this.#tick(), TICK_MS)
      this.#probe(PROBE_MS)
      this.options.onOpen()
    }
    socket.onmessage = event => {
      this.#lastFrameAt = Date.now()
      this.#pingAt = 0
      this.#delivered = true
      this.#failures = 0
      const frame = parseFrame(event.data)
      if (frame) this.options.onFrame(frame)
    }
    socket.onclose = event => this.#lost(event.code)
    socket.onerror = null
  }

  #probe(within: number): void {
    this.#pingAt = Date.now()
    this.#probeMs = within
    this.send({ type: 'ping' })
  }

  /**
   * Decided by the clock and not by one timer each: browsers slow the timers of hidden pages down to one a
   * minute, and a socket is dead only when a ping stayed without any answer, not when a timer came late.
   */
  #tick(): void {
    const now = Date.now()
    const waited = this.#pingAt > 0 ? now - this.#pingAt : 0
    const probing = this.#probeMs < PROBE_MS || !this.#delivered
    if (waited >= this.#probeMs && (probing || now - this.#lastFrameAt >= SILENCE_MS)) {
      this.#lost(0)
    } else if (this.#pingAt === 0 && now - this.#lastSentAt >= PING_EVERY_MS) {
      this.#probe(PROBE_MS)
    }
  }

  #lost(code: number): void {
    this.#drop()
    this.#down(code)
  }

  #drop(): void {
    clearTimeout(this.#openTimer)
    clearInterval(this.#tickTimer)
    const socket = this.#socket
    this.#socket = null
    this.open = false
    this.#pingAt = 0
    this.#probeMs = PROBE_MS
    if (!socket) return
    socket.onopen = socket.onmessage = socket.onclose = socket.onerror = null
    try {
      socket.close()
    } catch {
      // Closing what is already closed.
    }
  }

  #down(code: number): void {
    if (!this.#running) return
    if (code === CLOSE_TOKEN_REFUSED) {
      this.#running = false
      this.options.onUnauthorized()
      return
    }
    const restart = code === CLOSE_SERVER_RESTART && this.#delivered
    if (!this.#delivered) this.#failures++
    const ceiling = Math.min(BACKOFF_MAX_MS, BACKOFF_MIN_MS * 2 ** Math.max(1, this.#failures))
    const delay = restart ? 0 : BACKOFF_MIN_MS + Math.random() * (ceiling - BACKOFF_MIN_MS)
    this.#retryTimer = setTimeout(() => this.#attempt(), delay)
    this.options.onDown(this.#failures)
  }
}

function parseFrame(data: unknown): ServerFrame | null {
  if (typeof data !== 'string') return null
  try {
    const frame: unknown = JSON.parse(data)
    return typeof frame === 'object' && frame !== null && 'type' in frame ? (frame as ServerFrame) : null
  } catch {
    return null
  }
}
