import { brandVariables } from '@yingda/tokens'
import tokens from '@yingda/tokens/tokens.css?inline'
import { render } from 'preact'
import type { Mount, MountHandle, MountOptions } from '../embed'
import { loadCatalogue, pickLanguage, translator } from '../i18n'
import type { Catalogue, Language } from '../i18n'
import { addStyles } from '../styles'
import styles from './chat.css?inline'
import { ChatApp } from './ChatApp'
import { VisitorConversation } from './conversation'
import { siteStorage } from './storage'

/** Draws the chat into a shadow root of the container, hidden until `show()` in a panel. */
const mount: Mount = options => {
  const language = pickLanguage(options.lang, navigator.language)
  const app = loadCatalogue(language, options.host).then(catalogue => start(options, language, catalogue))
  return {
    show: () => void app.then(ready => ready.show()),
    hide: () => void app.then(ready => ready.hide()),
    identify: contact => void app.then(ready => ready.identify(contact)),
  }
}

function start(options: MountOptions, language: Language, catalogue: Catalogue): MountHandle {
  const { host, siteKey, container, mode } = options
  const root = container.attachShadow({ mode: 'open' })
  const t = translator(catalogue)
  const storage = siteStorage(host, siteKey)
  const isPage = mode === 'page'
  let redraw = (): void => undefined
  let setVisible = (_visible: boolean): void => undefined

  const conversation = new VisitorConversation({
    host,
    siteKey,
    language,
    storage,
    handoffReason: t('handoff.reason'),
    onChange: () => {
      paint()
      redraw()
    },
    onEvent: options.onEvent,
  })

  // In a panel the container stands in the launcher's shadow root, and the launcher wears the same colour.
  const outer = container.getRootNode()
  const launcher = outer instanceof ShadowRoot ? (outer.host as HTMLElement) : null
  const wantedTheme = container.dataset['theme']
  const darkQuery = matchMedia('(prefers-color-scheme: dark)')
  darkQuery.addEventListener('change', paint)

  function paint(): void {
    const { phase } = conversation.state
    const color = options.color ?? (phase.kind === 'ready' ? phase.config.color : storage.get('color'))
    const dark = wantedTheme === 'dark' || (wantedTheme !== 'light' && darkQuery.matches)
    container.dataset['theme'] = dark ? 'dark' : 'light'
    for (const [name, value] of Object.entries(brandVariables(color, dark) ?? {})) {
      container.style.setProperty(name, value)
      launcher?.style.setProperty(name, value)
    }
  }

  addStyles(root, tokens + styles)
  paint()
  render(
    <ChatApp
      context={{ t, language, host, conversation }}
      storage={storage}
      siteKey={siteKey}
      isPage={isPage}
      onReady={controls => {
        redraw = controls.redraw
        setVisible = controls.setVisible
      }}
      onClose={options.onClose}
    />,
    root,
  )
  // A returning visitor is connected quietly, for the unread badge; a new one only when the chat is opened.
  if (isPage || storage.get('token')) void conversation.start()

  return {
    show() {
      setVisible(true)
      void conversation.start()
    },
    hide: () => setVisible(false),
    identify: contact => conversation.identify(contact),
  }
}

window.yingdaMount = mount
