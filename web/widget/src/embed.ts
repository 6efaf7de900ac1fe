/** The seam between the small loader (or the full page) and the chat application it loads. */

/** Who the visitor is on the host page. Fields beyond these reach the desk as attributes. */
export interface ContactIdentity {
  external_id: string
  name?: string
  email?: string
  phone?: string
  /** HMAC of external_id made by the host's own server, when the tenant requires it. */
  signature?: string
  attributes?: Record<string, string>
  [attribute: string]: unknown
}

/** Events a host page can listen to with `yingda.on(…)`. */
export interface PublicEvents {
  open: Record<string, never>
  close: Record<string, never>
  ready: { conversation_id: string }
  unread: { count: number }
  message: { id: string; sender: string; text: string }
  status: { status: string }
}

export interface MountOptions {
  /** Origin of the Yingda server. */
  host: string
  siteKey: string
  /** BCP 47 tag asked for by the page; otherwise the browser decides. */
  lang: string | null
  color: string | null
  mode: 'panel' | 'page'
  /** Where to draw: an empty element, which becomes a shadow host. `data-theme` on it forces light or dark. */
  container: HTMLElement
  onClose: () => void
  onEvent: <K extends keyof PublicEvents>(event: K, payload: PublicEvents[K]) => void
}

export interface MountHandle {
  show(): void
  hide(): void
  /** null forgets the person, for a log-out on a shared computer. */
  identify(contact: ContactIdentity | null): void
}

export type Mount = (options: MountOptions) => MountHandle

declare global {
  interface Window {
    /** Set by widget-app.js. */
    yingdaMount?: Mount
    yingda?: PublicApi
  }
}

export interface PublicApi {
  open(): void
  close(): void
  toggle(): void
  /** Returns a function that stops listening. */
  on<K extends keyof PublicEvents>(event: K, listener: (payload: PublicEvents[K]) => void): () => void
  identify(contact: ContactIdentity | null): void
}

/** Where the token, the draft and the like of one site on one server are kept; shared by loader and application. */
export function storagePrefix(host: string, siteKey: string): string {
  return `yingda:${host}:${siteKey}:`
}
