import type { ContactIdentity, MountHandle, PublicApi, PublicEvents } from '../embed'
import { storagePrefix } from '../embed'
import { addStyles } from '../styles'
import css from './loader.css?inline'
import { loaderMessages } from './messages'

/** Changes with widget-app.js, so that caches never mix two releases. Set by the build. */
declare const APP_VERSION: string

type Listener = (payload: never) => void

/**
 * Draws the launcher and nothing else; the chat itself is loaded when it is first needed. Everything lives in a
 * shadow root, so that the page's styles and ours cannot meet.
 */
function start(script: HTMLScriptElement): void {
  const { siteKey = '', color, position, lang, theme } = script.dataset
  const host = new URL(script.src).origin
  const texts = loaderMessages[/^zh\b/i.test(lang || navigator.language) ? 'zh' : 'en']
  const prefix = storagePrefix(host, siteKey)
  const listeners: [keyof PublicEvents, Listener][] = []

  const element = document.createElement('yingda-widget')
  const root = element.attachShadow({ mode: 'open' })
  addStyles(root, css)
  const panel = document.createElement('div')
  if (theme) panel.dataset['theme'] = theme
  const button = document.createElement('button')
  const hint = document.createElement('i')
  hint.setAttribute('role', 'status')
  if (position === 'left') hint.className = button.className = panel.className = 'left'
  button.innerHTML =
    '<svg viewBox="0 0 28 28" aria-hidden="true"><path d="M6 6h16a3 3 0 0 1 3 3v8a3 3 0 0 1-3 3h-7l-6 4.5V20H6a3 3 0 0 1-3-3V9a3 3 0 0 1 3-3zM9 13h.01M14 13h.01M19 13h.01"/><path d="M7 11l7 7 7-7"/></svg><b></b>'
  const badge = button.lastChild as HTMLElement
  const brand = color || stored('color')
  if (brand) element.style.setProperty('--yd-brand', brand)
  root.append(panel, hint, button)

  let opened = false
  let unread = 0
  let handle: MountHandle | undefined
  let loading: Promise<void> | undefined
  let identity: ContactIdentity | null | undefined

  function stored(name: string): string | null {
    try {
      return localStorage.getItem(prefix + name)
    } catch {
      return null
    }
  }

  function draw(): void {
    button.classList.toggle('opened', opened)
    button.setAttribute('aria-expanded', String(opened))
    button.setAttribute('aria-label', (opened ? texts.close : texts.open) + (unread ? ` (${unread})` : ''))
    badge.textContent = unread && !opened ? (unread > 99 ? '99+' : String(unread)) : ''
  }

  function emit<K extends keyof PublicEvents>(event: K, payload: PublicEvents[K]): void {
    if (event === 'unread') {
      unread = (payload as PublicEvents['unread']).count
      draw()
    }
    for (const [name, listener] of listeners.slice()) if (name === event) listener(payload as never)
  }

  function load(): Promise<void> {
    return (loading ??= new Promise<void>((resolve, reject) => {
      const app = document.createElement('script')
      app.src = `${host}/static/widget/widget-app.js?v=${APP_VERSION}`
      app.onload = () => resolve()
      app.onerror = () => {
        loading = undefined
        reject()
      }
      document.head.append(app)
    }))
  }

  function mount(): Promise<MountHandle | undefined> {
    return load().then(() => {
      if (!handle) {
        handle = window.yingdaMount?.({
          host,
          siteKey,
          lang: lang || null,
          color: color || null,
          mode: 'panel',
          container: panel,
          onClose: api.close,
          onEvent: emit,
        })
        if (identity !== undefined) handle?.identify(identity)
      }
      return handle
    })
  }

  const api: PublicApi = {
    open() {
      if (opened) return
      opened = true
      hint.textContent = ''
      button.classList.add('busy')
      draw()
      mount()
        .then(
          app => {
            if (opened) app?.show()
            emit('open', {})
          },
          () => {
            opened = false
            hint.textContent = texts.failed
          },
        )
        .then(() => {
          button.classList.remove('busy')
          draw()
        })
    },
    close() {
      if (!opened) return
      opened = false
      handle?.hide()
      draw()
      button.focus()
      emit('close', {})
    },
    toggle() {
      if (opened) api.close()
      else api.open()
    },
    on(event, listener) {
      const entry: [keyof PublicEvents, Listener] = [event, listener as Listener]
      listeners.push(entry)
      return () => {
        const at = listeners.indexOf(entry)
        if (at >= 0) listeners.splice(at, 1)
      }
    },
    identify(contact) {
      identity = contact
      handle?.identify(contact)
    },
  }

  window.yingda = api
  button.onclick = api.toggle
  draw()

  const place = (): void => {
    document.body.append(element)
    // Somebody who wrote before may have an answer waiting: connect quietly. For the others, only have the code ready.
    const idle = window.requestIdleCallback ?? ((work: () => void) => setTimeout(work, 2000))
    idle(() => (stored('token') ? mount() : load()).catch(() => undefined))
  }
  if (document.body) place()
  else document.addEventListener('DOMContentLoaded', place)
}

const own = (document.currentScript ?? document.querySelector('script[data-site-key]')) as HTMLScriptElement | null
if (own && !window.yingda) start(own)
