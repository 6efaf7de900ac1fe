import { useEffect, useRef } from 'preact/hooks'
import { useChat } from '../chat/context'
import { Icon } from '../chat/Icon'

export function ImageViewer({ src, alt, onClose }: { src: string; alt: string; onClose: () => void }) {
  const { t } = useChat()
  const close = useRef<HTMLButtonElement>(null)
  useEffect(() => {
    const before = (close.current?.getRootNode() as ShadowRoot | undefined)?.activeElement
    close.current?.focus()
    return () => (before as HTMLElement | null)?.focus?.()
  }, [])
  return (
    <div
      class="viewer"
      role="dialog"
      aria-modal="true"
      aria-label={alt || t('image.enlarge')}
      onClick={onClose}
      onKeyDown={event => {
        if (event.key === 'Escape') {
          event.stopPropagation()
          onClose()
        } else if (event.key === 'Tab') {
          event.preventDefault()
        }
      }}
    >
      <img src={src} alt={alt} referrerPolicy="no-referrer" />
      <button ref={close} class="iconButton" aria-label={t('image.close')} onClick={onClose}>
        <Icon name="close" />
      </button>
    </div>
  )
}
