import { enableAutoUnmount, flushPromises, mount } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { accountApi, apiKeyApi, auditApi, memberApi } from '../src/api/endpoints'
import { ApiError } from '../src/api/http'
import { i18n } from '../src/i18n'
import { router } from '../src/app/router'
import { useSessionStore } from '../src/session/sessionStore'
import AuditPage from '../src/settings/AuditPage.vue'
import KeysPage from '../src/settings/KeysPage.vue'
import MembersPage from '../src/settings/MembersPage.vue'
import MemberTask from '../src/settings/MemberTask.vue'
import PasswordCard from '../src/settings/PasswordCard.vue'
import SecondFactorCard from '../src/settings/SecondFactorCard.vue'
import SessionsCard from '../src/settings/SessionsCard.vue'
import SettingsPage from '../src/settings/SettingsPage.vue'
import { makeMember } from './factories'

const ROLES = [
  { id: 'admin', name: 'admin', permissions: ['member.read', 'member.manage'], is_built_in: true },
  { id: 'agent', name: 'agent', permissions: ['member.read'], is_built_in: true },
  { id: 'operator', name: 'operator', permissions: ['platform.manage'], is_built_in: true },
]
const self = { id: 'u1', name: '沈掌柜', email: 'shen@tea.example', role: 'admin' }
let pinia = createPinia()
enableAutoUnmount(afterEach)

function signedIn(...permissions: string[]) {
  const session = useSessionStore()
  session.user = self
  session.permissions = new Set(permissions)
  return session
}

async function show(page: object, props: Record<string, unknown> = {}) {
  const shown = mount(page as typeof MembersPage, {
    props,
    global: { plugins: [pinia, i18n, router], stubs: { teleport: true, transition: true, ElDropdown: true } },
    attachTo: document.body,
  })
  await flushPromises()
  return shown
}

beforeEach(() => {
  pinia = createPinia()
  setActivePinia(pinia)
  document.body.innerHTML = ''
  vi.restoreAllMocks()
  vi.spyOn(memberApi, 'roles').mockResolvedValue(ROLES)
  vi.spyOn(memberApi, 'list').mockResolvedValue([makeMember({ ...self, has_second_factor: true }), makeMember()])
})

describe('the settings area', () => {
  it('shows only what the person may see', async () => {
    signedIn('member.read', 'audit.read')
    const links = (await show(SettingsPage)).findAll('nav a').map((link) => link.text())
    expect(links).toEqual(['成员', '审计', '我的账号'])
    signedIn()
    expect((await show(SettingsPage)).findAll('nav a')).toHaveLength(1)
  })
})

describe('members', () => {
  it('are listed; only roles that one may give are offered', async () => {
    signedIn('member.read', 'member.manage', 'role.read')
    const page = await show(MembersPage)
    expect(page.findAll('li.is-off, ul.members > li')).toHaveLength(2)
    expect(page.findAll('select')[1]?.findAll('option').map((option) => option.text())).toEqual(['管理员', '坐席'])
  })

  it('cannot be changed by somebody who may only look', async () => {
    signedIn('member.read', 'role.read')
    const page = await show(MembersPage)
    expect(page.find('select').exists()).toBe(false)
    expect(page.text()).not.toContain('邀请成员')
  })

  it('change their role at once; a refusal puts the old one back', async () => {
    signedIn('member.read', 'member.manage', 'role.read')
    const change = vi.spyOn(memberApi, 'change').mockRejectedValue(new ApiError(409, 'last_administrator', 'x'))
    const page = await show(MembersPage)
    await page.findAll('select')[1]?.setValue('admin')
    await flushPromises()
    expect(change).toHaveBeenCalledWith('u2', { role: 'admin' })
    expect(memberApi.list).toHaveBeenCalledTimes(2)
    expect(page.findAll('select')[1]?.element.value).toBe('agent')
  })

  it('say what went wrong, and load again on demand', async () => {
    signedIn('member.read')
    vi.mocked(memberApi.list).mockRejectedValueOnce(new ApiError(503, 'unavailable', 'x'))
    const page = await show(MembersPage)
    await page.get('[role=alert] button').trigger('click')
    await flushPromises()
    expect(page.text()).toContain('周同事')
  })

  it('get a link when they are reset, with the second factor only if asked for', async () => {
    signedIn('member.manage')
    const reset = vi.spyOn(memberApi, 'reset').mockResolvedValue({ token: 'ydl_9', expires_at: '2026-11-25T08:00:00Z' })
    const task = await show(MemberTask, { task: { action: 'reset', member: makeMember({ has_second_factor: true }) } })
    await task.findAll('button').find((button) => button.text() === '重设密码')?.trigger('click')
    await flushPromises()
    expect(reset).toHaveBeenCalledWith('u2', false)
    expect(task.get('pre').text()).toContain('/console/welcome#token=ydl_9')
  })

  it('are disabled only after a question', async () => {
    signedIn('member.manage')
    const change = vi.spyOn(memberApi, 'change').mockResolvedValue(makeMember({ status: 'disabled' }))
    const task = await show(MemberTask, { task: { action: 'disable', member: makeMember() } })
    expect(change).not.toHaveBeenCalled()
    await task.get('.el-button--danger').trigger('click')
    await flushPromises()
    expect(change).toHaveBeenCalledWith('u2', { is_active: false })
    expect(task.emitted('close')).toHaveLength(1)
  })
})

describe('the second factor', () => {
  it('is turned on with password, code and recovery codes', async () => {
    const session = signedIn()
    vi.spyOn(accountApi, 'enrol').mockResolvedValue({ secret: 'ABCDEFGH', uri: 'otpauth://totp/x?secret=ABCDEFGH' })
    const confirm = vi
      .spyOn(accountApi, 'confirmEnrolment')
      .mockRejectedValueOnce(new ApiError(401, 'second_factor_wrong', '不对', { title: '', status: 401, code: '', detail: '不对' }))
      .mockResolvedValueOnce({ recovery_codes: ['aaaa-bbbb', 'cccc-dddd'] })
    const card = await show(SecondFactorCard)
    await card.get('.el-button--primary').trigger('click')
    await flushPromises()
    await card.get('input[name="current-password"]').setValue('口令')
    await card.get('form').trigger('submit')
    await flushPromises()
    expect(card.get('code').text()).toBe('ABCD EFGH')
    expect(card.find('svg[role=img]').exists()).toBe(true)
    await card.get('input[name=code]').setValue('123 456')
    await card.get('form').trigger('submit')
    await flushPromises()
    expect(card.get('[role=alert]').text()).toBe('不对')
    expect(session.hasSecondFactor).toBe(false)
    await card.get('form').trigger('submit')
    await flushPromises()
    expect(confirm).toHaveBeenLastCalledWith('123456')
    expect(card.get('pre').text()).toBe('aaaa-bbbb\ncccc-dddd')
    expect(session.hasSecondFactor).toBe(true)
  })
})

describe('the audit log', () => {
  const entry = (seq: number) => ({
    seq,
    at: '2026-11-22T08:00:00Z',
    actor: { kind: 'agent', id: 'u2' },
    action: seq === 1 ? 'brand.new' : 'access.refused',
    object: { kind: 'conversation', id: 'c123456789' },
    details: { code: 'forbidden' },
    hash: '',
    mac: '',
  })

  it('pages on, keeps unknown actions by their code, and filters anew from the start', async () => {
    signedIn('audit.read', 'member.read')
    const list = vi
      .spyOn(auditApi, 'list')
      .mockResolvedValueOnce({ items: [entry(3), entry(2)], next_cursor: '2' })
      .mockResolvedValueOnce({ items: [entry(1)], next_cursor: null })
      .mockResolvedValueOnce({ items: [], next_cursor: null })
    const page = await show(AuditPage)
    expect(page.text()).toContain('操作被拒绝')
    expect(page.text()).toContain('周同事')
    await page.get('.audit__more button').trigger('click')
    await flushPromises()
    expect(list.mock.calls[1]?.[0].cursor).toBe('2')
    expect(page.findAll('ol > li')).toHaveLength(3)
    expect(page.text()).toContain('brand.new')
    await page.get('select[name="audit-actor"]').setValue('u2')
    await flushPromises()
    expect(list.mock.calls[2]?.[0]).toMatchObject({ actor_id: 'u2', cursor: null })
    expect(page.text()).toContain('没有符合条件的记录')
  })
})

describe('one\'s own account', () => {
  it('says at the right field why a password was not changed', async () => {
    signedIn()
    const refuse = (status: number, code: string) =>
      new ApiError(status, code, code, { title: 'x', status, code, detail: code })
    const change = vi.spyOn(accountApi, 'changePassword').mockRejectedValueOnce(refuse(403, 'wrong_password'))
    const card = await show(PasswordCard)
    await card.get('input[name="current-password"]').setValue('旧的')
    await card.get('input[name="new-password"]').setValue('巷口修鞋的老人会吹一手好口琴很好听')
    await card.get('form').trigger('submit')
    await flushPromises()
    expect(card.get('[role=alert]').text()).toBe('wrong_password')
    expect(document.activeElement).toBe(card.get('input[name="current-password"]').element)
    change.mockResolvedValueOnce()
    await card.get('form').trigger('submit')
    await flushPromises()
    expect(card.emitted('changed')).toHaveLength(1)
    expect(card.get<HTMLInputElement>('input[name="new-password"]').element.value).toBe('')
  })

  it('lists the devices and ends one of them after a question', async () => {
    signedIn()
    const device = (id: string, is_current: boolean) => ({
      id,
      is_current,
      client: 'Mozilla/5.0 (Windows NT 10.0) Chrome/140.0 Safari/537.36',
      address: '10.0.0.1',
      created_at: '2026-11-22T08:00:00Z',
      expires_at: '2026-11-23T08:00:00Z',
    })
    vi.spyOn(accountApi, 'sessions').mockResolvedValue([device('s1', true), device('s2', false)])
    const end = vi.spyOn(accountApi, 'endSession').mockResolvedValue()
    const card = await show(SessionsCard)
    const buttons = card.findAll('li button')
    expect(buttons).toHaveLength(1) // not for this device
    await buttons[0]?.trigger('click')
    expect(end).not.toHaveBeenCalled()
    await card.get('.el-button--danger').trigger('click')
    await flushPromises()
    expect(end).toHaveBeenCalledWith('s2')
  })
})

describe('API keys', () => {
  it('are shown once when made, and revoked after a question', async () => {
    signedIn('api_key.manage', 'audit.read')
    const key = {
      id: 'k1',
      name: '订单系统',
      scopes: ['audit.read'],
      member: { id: 'u1', name: '沈掌柜' },
      created_at: '2026-11-22T08:00:00Z',
      expires_at: '2027-02-20T08:00:00Z',
      last_used_at: null,
    }
    vi.spyOn(apiKeyApi, 'list').mockResolvedValueOnce([]).mockResolvedValue([key])
    const create = vi.spyOn(apiKeyApi, 'create').mockResolvedValue({ ...key, token: 'ydk_once' })
    const revoke = vi.spyOn(apiKeyApi, 'revoke').mockResolvedValue()
    const page = await show(KeysPage)
    expect(page.text()).toContain('还没有密钥')
    await page.get('.settings-header button').trigger('click')
    await flushPromises()
    await page.get('input[name="key-name"]').setValue('订单系统')
    await page.get('input[type=checkbox][value="audit.read"]').setValue(true)
    await page.get('form').trigger('submit')
    await flushPromises()
    expect(create).toHaveBeenCalledWith({ name: '订单系统', scopes: ['audit.read'], days: 90 })
    expect(page.get('pre').text()).toBe('ydk_once')
    await page.get('ul.keys button').trigger('click')
    await flushPromises()
    await page.get('.el-button--danger').trigger('click')
    await flushPromises()
    expect(revoke).toHaveBeenCalledWith('k1')
  })
})
