import { useLayoutEffect, useRef } from 'preact/hooks'
import { useChat } from '../chat/context'

const SAFE_PROTOCOLS = new Set(['http:', 'https:', 'mailto:', 'tel:'])

/**
 * The only place where markup from the server becomes markup here. The server sanitised it; this adds what only
 * the page can know: addresses are resolved against the server (the host page is another origin), links open
 * apart, images load late and can be enlarged.
 */
export function HtmlContent({ html, onImage }: { html: string; onImage: (src: string, alt: string) => void }) {
  const { host, t } = useChat()
  const ref = useRef<HTMLDivElement>(null)

  useLayoutEffect(() => {
    // Parsed in a template, so that no image starts to load before it is prepared.
    const template = document.createElement('template')
    template.innerHTML = html
    for (const link of template.content.querySelectorAll('a')) prepareLink(link, host)
    for (const image of template.content.querySelectorAll('img')) prepareImage(image, host, t('image.enlarge'))
    const box = ref.current
    if (!box) return
    box.textContent = ''
    box.append(template.content)
  }, [html, host, t])

  const enlarge = (event: Event): void => {
    const image = event.target
    if (!(image instanceof HTMLImageElement) || image.closest('a')) return
    if (event instanceof KeyboardEvent && event.key !== 'Enter' && event.key !== ' ') return
    event.preventDefault()
    onImage(image.src, image.dataset['alt'] ?? '')
  }

  return <div class="html" ref={ref} onClick={enlarge} onKeyDown={enlarge} />
}

function prepareLink(link: HTMLAnchorElement, host: string): void {
  const address = resolve(link.getAttribute('href'), host)
  if (!address) {
    link.removeAttribute('href')
    return
  }
  link.href = address
  link.target = '_blank'
  link.rel = 'noopener noreferrer nofollow'
}

function prepareImage(image: HTMLImageElement, host: string, label: string): void {
  const address = resolve(image.getAttribute('src'), host)
  if (!address || !address.startsWith('http')) {
    image.remove()
    return
  }
  image.loading = 'lazy'
  image.src = address
  image.referrerPolicy = 'no-referrer'
  if (image.closest('a')) return
  image.dataset['alt'] = image.alt
  image.alt = image.alt ? `${image.alt} (${label})` : label
  image.tabIndex = 0
  image.setAttribute('role', 'button')
}

function resolve(address: string | null, host: string): string | null {
  if (!address) return null
  try {
    const url = new URL(address, host)
    return SAFE_PROTOCOLS.has(url.protocol) ? url.href : null
  } catch {
    return null
  }
}
