import { enableAutoUnmount, flushPromises, mount, type VueWrapper } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { sessionApi } from '../src/api/endpoints'
import { ApiError } from '../src/api/http'
import type { Credentials } from '../src/api/types'
import { router } from '../src/app/router'
import { i18n } from '../src/i18n'
import LoginPage from '../src/session/LoginPage.vue'
import SetupPage from '../src/session/SetupPage.vue'
import WelcomePage from '../src/session/WelcomePage.vue'

const PHRASE = '巷口修鞋的老人会吹一手好口琴很好听'
let pinia = createPinia()
enableAutoUnmount(afterEach)

const refuse = (status: number, code: string, detail = code) =>
  new ApiError(status, code, detail, { title: 'x', status, code, detail })
const show = (page: typeof LoginPage | typeof WelcomePage | typeof SetupPage) =>
  mount(page as typeof LoginPage, { global: { plugins: [pinia, i18n, router] }, attachTo: document.body })
const input = (page: VueWrapper, name: string) => page.get<HTMLInputElement>(`input[name="${name}"]`)

async function submit(page: VueWrapper) {
  await page.get('form').trigger('submit')
  await flushPromises()
}

beforeEach(async () => {
  pinia = createPinia()
  setActivePinia(pinia)
  document.body.innerHTML = ''
  vi.restoreAllMocks()
  vi.spyOn(sessionApi, 'info').mockRejectedValue(refuse(404, 'not_found'))
  vi.spyOn(router, 'replace').mockResolvedValue(undefined)
})

describe('signing in', () => {
  async function typed() {
    const page = show(LoginPage)
    await input(page, 'email').setValue(' lin@tea.example ')
    await input(page, 'password').setValue(PHRASE)
    return page
  }

  it('asks for a code where the account wants one, and again when it is wrong', async () => {
    const sent: Credentials[] = []
    const answers = [refuse(401, 'second_factor_required'), refuse(401, 'second_factor_wrong', '验证码不正确')]
    vi.spyOn(sessionApi, 'login').mockImplementation((body) => {
      sent.push(body)
      return Promise.reject(answers[sent.length - 1] ?? refuse(500, 'internal'))
    })
    const page = await typed()
    await submit(page)
    expect(page.find('input[name="password"]').exists()).toBe(false)
    expect(document.activeElement).toBe(input(page, 'code').element)
    await submit(page)
    expect(sent).toHaveLength(1) // an empty code is not sent
    await input(page, 'code').setValue('123456')
    await submit(page)
    expect(sent[1]).toMatchObject({ email: 'lin@tea.example', password: PHRASE, code: '123456' })
    expect(page.get('[role=alert]').text()).toBe('验证码不正确')
  })

  it('asks for a new password when the old one has expired', async () => {
    const login = vi.spyOn(sessionApi, 'login').mockRejectedValueOnce(refuse(401, 'password_expired'))
    const page = await typed()
    await submit(page)
    login.mockRejectedValueOnce(refuse(422, 'password_unchanged', '新密码与原密码相同'))
    await input(page, 'new-password').setValue(PHRASE)
    await submit(page)
    expect(login.mock.calls[1]?.[0].new_password).toBe(PHRASE)
    expect(page.get('[role=alert]').text()).toBe('新密码与原密码相同')
  })

  it('counts down the wait that the server asks for', async () => {
    vi.stubGlobal('fetch', () =>
      Promise.resolve(
        new Response(JSON.stringify({ title: 'x', status: 429, code: 'too_many_attempts' }), {
          status: 429,
          headers: { 'Retry-After': '30' },
        }),
      ),
    )
    const page = await typed()
    await submit(page)
    vi.unstubAllGlobals()
    expect(page.get('[role=alert]').text()).toMatch(/请等 (30|29) 秒/)
    expect(page.get('button[type=submit]').attributes('disabled')).toBeDefined()
  })

  it('can start over with another account', async () => {
    vi.spyOn(sessionApi, 'login').mockRejectedValue(refuse(401, 'second_factor_required'))
    const page = await typed()
    await submit(page)
    await page.get('.login__who button').trigger('click')
    expect(input(page, 'password').element.value).toBe('')
  })
})

describe('a link', () => {
  it('sets the password and leads to the log-in page', async () => {
    await router.push('/welcome#token=ydl_1')
    const used = vi.spyOn(sessionApi, 'usePasswordLink').mockRejectedValueOnce(refuse(422, 'password_too_common', '太常见'))
    const page = show(WelcomePage)
    await submit(page)
    expect(used).not.toHaveBeenCalled()
    await input(page, 'new-password').setValue(PHRASE)
    await submit(page)
    expect(page.get('[role=alert]').text()).toBe('太常见')
    used.mockResolvedValueOnce()
    await submit(page)
    expect(used).toHaveBeenLastCalledWith({ token: 'ydl_1', password: PHRASE })
    expect(router.replace).toHaveBeenCalledWith({ name: 'login', query: { welcome: '1' } })
  })

  it('that is used up, or has no token, says whom to ask', async () => {
    await router.push('/welcome#token=ydl_1')
    vi.spyOn(sessionApi, 'usePasswordLink').mockRejectedValue(refuse(422, 'link_invalid'))
    const page = show(WelcomePage)
    await input(page, 'new-password').setValue(PHRASE)
    await submit(page)
    expect(page.text()).toContain('这个链接不能用了')
    await router.push('/welcome')
    expect(show(WelcomePage).text()).toContain('这个链接不能用了')
  })
})

describe('the first set-up', () => {
  async function filled() {
    await router.push('/setup#token=yds_1')
    const page = show(SetupPage)
    const values = { company: '江南茶行', slug: 'tea', name: '沈掌柜', email: 'shen@tea.example', 'new-password': PHRASE }
    for (const [name, value] of Object.entries(values)) await input(page, name).setValue(value)
    return page
  }

  it('takes the token from the address, signs in, and shows the line to embed', async () => {
    const tenant = { id: 't1', slug: 'tea', name: '江南茶行' }
    const user = { id: 'u1', name: '沈掌柜', email: 'shen@tea.example', role: 'operator' }
    const made = vi.spyOn(sessionApi, 'setUp').mockResolvedValue({ tenant, site_key: 'site1', user })
    const login = vi.spyOn(sessionApi, 'login').mockRejectedValue(refuse(503, 'unavailable'))
    const page = await filled()
    await submit(page)
    expect(made.mock.calls[0]?.[0]).toMatchObject({ token: 'yds_1', tenant: { slug: 'tea', name: '江南茶行' } })
    expect(login.mock.calls[0]?.[0]).toMatchObject({ email: 'shen@tea.example', tenant: 'tea' })
    expect(page.get('pre').text()).toContain('data-site-key="site1"')
  })

  it('says at the field what is wrong', async () => {
    const made = vi.spyOn(sessionApi, 'setUp').mockRejectedValue(refuse(409, 'slug_taken', '已被使用'))
    const page = await filled()
    await input(page, 'slug').setValue('Tea Shop')
    await submit(page)
    expect(made).not.toHaveBeenCalled()
    expect(document.activeElement).toBe(input(page, 'slug').element)
    await input(page, 'slug').setValue('tea')
    await submit(page)
    expect(page.get('[role=alert]').text()).toBe('已被使用')
  })
})
