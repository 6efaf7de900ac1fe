import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { MountOptions } from '../src/embed'

async function load(attributes: Record<string, string>) {
  vi.resetModules()
  document.head.innerHTML = ''
  document.body.innerHTML = ''
  delete window.yingda
  const script = document.createElement('script')
  script.dataset['siteKey'] = 'demo'
  Object.assign(script.dataset, attributes)
  Object.defineProperty(script, 'src', { value: 'https://chat.test/widget.js' })
  document.body.append(script)
  const handle = { show: vi.fn(), hide: vi.fn(), identify: vi.fn() }
  let options: MountOptions | undefined
  window.yingdaMount = given => {
    options = given
    return handle
  }
  // The test environment must not try to fetch the script.
  const scripts: HTMLScriptElement[] = []
  vi.spyOn(document.head, 'append').mockImplementation(node => void scripts.push(node as HTMLScriptElement))
  await import('../src/loader/loader')
  const element = document.querySelector('yingda-widget')
  const button = element?.shadowRoot?.querySelector('button')
  if (!button) throw new Error('no launcher')
  const appScripts = () => scripts
  const appLoaded = async () => {
    for (const app of appScripts()) app.onload?.(new Event('load'))
    await Promise.resolve().then(() => undefined)
    await new Promise(done => setTimeout(done))
  }
  return { element, button, handle, appScripts, appLoaded, options: () => options }
}

beforeEach(() => {
  localStorage.clear()
  vi.stubGlobal('requestIdleCallback', () => 0)
})

describe('loader', () => {
  it('draws a launcher and loads the application from its own server when first opened', async () => {
    const { button, handle, appScripts, appLoaded, options } = await load({ lang: 'zh-CN', position: 'left' })
    expect(button.getAttribute('aria-label')).toBe('打开在线客服')
    expect(button.classList.contains('left')).toBe(true)
    expect(appScripts()).toEqual([])
    button.click()
    expect(appScripts()[0]?.src).toBe('https://chat.test/static/widget/widget-app.js?v=test')
    await appLoaded()
    expect(handle.show).toHaveBeenCalledTimes(1)
    expect(options()).toMatchObject({ host: 'https://chat.test', siteKey: 'demo', mode: 'panel', lang: 'zh-CN' })
    expect(button.getAttribute('aria-expanded')).toBe('true')
    button.click()
    expect(handle.hide).toHaveBeenCalledTimes(1)
  })

  it('shows unread answers on the closed launcher', async () => {
    const { button, appLoaded, options } = await load({ lang: 'zh' })
    button.click()
    await appLoaded()
    button.click()
    options()?.onEvent('unread', { count: 3 })
    expect(button.textContent).toBe('3')
    expect(button.getAttribute('aria-label')).toContain('(3)')
  })

  it('offers open, close, toggle, on and identify', async () => {
    const { handle, appLoaded } = await load({})
    const api = window.yingda
    const seen: string[] = []
    const stop = api?.on('open', () => seen.push('open'))
    api?.on('close', () => seen.push('close'))
    api?.identify({ external_id: 'u1' })
    api?.open()
    await appLoaded()
    expect(handle.identify).toHaveBeenCalledWith({ external_id: 'u1' })
    api?.close()
    stop?.()
    api?.toggle()
    await appLoaded()
    expect(seen).toEqual(['open', 'close'])
  })

  it('says so when the application cannot be loaded, and tries again', async () => {
    const { element, button, appScripts } = await load({ lang: 'en' })
    button.click()
    appScripts()[0]?.onerror?.(new Event('error'))
    await new Promise(done => setTimeout(done))
    expect(element?.shadowRoot?.querySelector('[role=status]')?.textContent).toContain('Could not open')
    expect(button.getAttribute('aria-expanded')).toBe('false')
    button.click()
    expect(appScripts()).toHaveLength(2)
  })
})
