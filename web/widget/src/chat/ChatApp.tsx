import { useEffect, useLayoutEffect, useReducer, useRef, useState } from 'preact/hooks'
import { Composer } from '../composer/Composer'
import { Header } from '../frame/Header'
import { Notices } from '../frame/Notices'
import { StartScreen } from '../frame/StartScreen'
import { Timeline } from '../timeline/Timeline'
import type { ChatContext as Context } from './context'
import { ChatContext } from './context'
import type { SiteStorage } from './storage'

export interface ChatAppProps {
  context: Context
  storage: SiteStorage
  siteKey: string
  isPage: boolean
  /** Gives the owner the two things it needs from a mounted app: redraw, and show or hide. */
  onReady: (controls: { redraw: () => void; setVisible: (visible: boolean) => void }) => void
  onClose: () => void
}

export function ChatApp({ context, storage, siteKey, isPage, onReady, onClose }: ChatAppProps) {
  const [, redraw] = useReducer((count: number) => count + 1, 0)
  const [visible, setVisible] = useState(isPage)
  const panel = useRef<HTMLElement>(null)
  const { state } = context.conversation
  const { t } = context
  const config = state.phase.kind === 'ready' ? state.phase.config : null

  useLayoutEffect(() => onReady({ redraw: () => redraw(0), setVisible }), [])

  useEffect(() => {
    if (isPage && config) {
      document.title = (state.unread > 0 ? `(${state.unread}) ` : '') + t('page.title', { tenant: config.tenant.name })
    }
  }, [isPage, config, state.unread, t])

  // On phones the keyboard shrinks what is visible but not the layout: follow it, or the composer is covered.
  useEffect(() => {
    const viewport = globalThis.visualViewport
    if (!viewport) return
    const fit = (): void => panel.current?.style.setProperty('--yd-vh', `${viewport.height}px`)
    fit()
    viewport.addEventListener('resize', fit)
    return () => viewport.removeEventListener('resize', fit)
  }, [])

  const close = isPage ? null : onClose
  return (
    <ChatContext.Provider value={context}>
      <section
        ref={panel}
        class={isPage ? 'chat page' : 'chat panel'}
        lang={context.language}
        role={isPage ? 'main' : 'dialog'}
        aria-label={t('panel.label', { tenant: config?.tenant.name ?? '' })}
        hidden={!visible}
        onKeyDown={event => {
          if (event.key === 'Escape' && !event.isComposing && event.keyCode !== 229) close?.()
          // The host page's keyboard shortcuts must not fire while somebody writes to us.
          event.stopPropagation()
        }}
        onKeyUp={event => event.stopPropagation()}
        onKeyPress={event => event.stopPropagation()}
      >
        <Header config={config} state={state} onClose={close} />
        {config ? (
          <>
            <Notices config={config} state={state} />
            <Timeline config={config} state={state} visible={visible} />
            <Composer config={config} state={state} storage={storage} visible={visible} />
          </>
        ) : (
          <StartScreen phase={state.phase} siteKey={siteKey} />
        )}
      </section>
    </ChatContext.Provider>
  )
}
