import { afterEach, describe, expect, it, vi } from 'vitest'
import { download, request, retryAfter, setUnauthorizedHandler } from '../src/api/http'
import { clientName } from '../src/session/clientName'
import { embedLine, tokenOf, welcomeAddress } from '../src/session/linkToken'
import { passwordHint } from '../src/session/passwordHint'
import { roleName } from '../src/session/roleName'
import { writeToken } from '../src/session/tokenStorage'
import { auditQuery } from '../src/settings/auditFilter'
import { grantableRoles, memberActions } from '../src/settings/memberRights'
import { makeMember } from './factories'

const role = (id: string, ...permissions: string[]) => ({ id, name: id, permissions, is_built_in: false })

describe('the hint on a new password', () => {
  it.each([
    ['', 'empty'],
    ['短密码', 'short'],
    ['巷口修鞋的老人会吹一手好口琴很好听', 'fine'],
    ['aaaaaaaaaaaaaaaaaaaa', 'guessable'],
    ['abcabcabcabcabcabc', 'guessable'],
    ['qwertyuiopqwertyuiop', 'guessable'],
    ['123456789012345678', 'guessable'],
    ['2024-jiangnan-2024', 'guessable'],
    ['correct horse battery', 'fine'],
  ])('calls %o %s', (password, state) => {
    expect(passwordHint(password, ['jiangnan']).state).toBe(state)
  })

  it('counts characters as the server does: full-width ones once, whatever they take in memory', () => {
    expect(passwordHint('１２３')).toEqual({ state: 'short', missing: 12 })
    expect(passwordHint('😀😀😀')).toEqual({ state: 'short', missing: 12 })
  })

  it('asks for less beside a second factor', () => expect(passwordHint('口琴和茶壶与雨', [], 8)).toEqual({ state: 'short', missing: 1 }))
})

describe('links', () => {
  it('carry the token where no server sees it', () => {
    const address = welcomeAddress('ydl_a+b', 'https://desk.example')
    expect(address).toBe('https://desk.example/console/welcome#token=ydl_a%2Bb')
    expect(tokenOf(new URL(address).hash)).toBe('ydl_a+b')
  })

  it('without a token have none', () => expect(tokenOf('#x=1')).toBe(''))

  it('to embed are one line', () =>
    expect(embedLine('s1', 'https://desk.example')).toBe(
      '<script async src="https://desk.example/widget.js" data-site-key="s1"></script>',
    ))
})

describe('members', () => {
  it('get only roles that hold no more than the giver', () => {
    const roles = [role('admin', 'a', 'b', 'c'), role('agent', 'a'), role('r1', 'b', 'a')]
    expect(grantableRoles(roles, new Set(['a', 'b'])).map((item) => item.id)).toEqual(['agent', 'r1'])
  })

  it('are offered what fits their state, and nobody locks themselves out', () => {
    expect(memberActions(makeMember({ status: 'invited' }), false)).toEqual(['resend', 'withdraw'])
    expect(memberActions(makeMember({ status: 'active' }), false)).toEqual(['reset', 'signOut', 'disable'])
    expect(memberActions(makeMember({ status: 'disabled' }), false)).toEqual(['enable'])
    expect(memberActions(makeMember(), true)).toEqual([])
  })

  it('have a role with a name', () => {
    expect(roleName('read_only')).toBe('只读')
    expect(roleName('r1', [{ ...role('r1'), name: '夜班' }])).toBe('夜班')
    expect(roleName('r2')).toBe('自定义角色')
  })
})

it.each([
  ['Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0', 'Edge · Windows'],
  ['Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605 Version/18.0 Mobile Safari/604', 'Safari · iOS'],
  ['Mozilla/5.0 (Linux; Android 15) Chrome/140.0 Mobile MicroMessenger/8.0', 'WeChat · Android'],
  ['python-httpx/0.28', 'python-httpx/0.28'],
])('names a device: %s', (agent, name) => expect(clientName(agent)).toBe(name))

it('asks the audit log for whole days, the last one included', () => {
  const query = auditQuery({ actor: 'u1', action: '', from: '2026-11-01', to: '2026-11-30' })
  expect(query.actor_id).toBe('u1')
  expect('action' in query).toBe(false)
  expect(new Date(query.since ?? '').getDate()).toBe(1)
  expect(Date.parse(query.until ?? '') - Date.parse(query.since ?? '')).toBe(30 * 86_400_000)
})

describe('requests', () => {
  const problem = (status: number, code: string, headers: Record<string, string> = {}) =>
    vi.stubGlobal('fetch', () =>
      Promise.resolve(new Response(JSON.stringify({ title: 'x', status, code, detail: '原因' }), { status, headers })),
    )

  afterEach(() => {
    vi.unstubAllGlobals()
    writeToken(null)
    setUnauthorizedHandler(() => undefined)
  })

  it('tell how long the server wants people to wait', async () => {
    problem(429, 'too_many_attempts', { 'Retry-After': '17' })
    const call = request('/auth/token', { method: 'POST', body: {}, anonymous: true })
    const failure: unknown = await call.catch((error: unknown) => error)
    expect(failure).toMatchObject({ code: 'too_many_attempts' })
    expect(retryAfter(failure)).toBe(17)
    expect(retryAfter(new Error('other'))).toBeNull()
  })

  it('end the session when the token is refused, and not for a mistyped code', async () => {
    const ended = vi.fn()
    setUnauthorizedHandler(ended)
    writeToken('yda_1')
    problem(401, 'second_factor_wrong')
    await expect(request('/me/second-factor/confirm', { method: 'POST', body: {} })).rejects.toThrow('原因')
    expect(ended).not.toHaveBeenCalled()
    problem(401, 'unauthenticated')
    await expect(request('/me')).rejects.toThrow('原因')
    expect(ended).toHaveBeenCalledOnce()
  })

  it('bring files, and refusals as refusals', async () => {
    vi.stubGlobal('fetch', () => Promise.resolve(new Response('{"seq":1}\n')))
    expect(await (await download('/audit/export')).text()).toBe('{"seq":1}\n')
    problem(403, 'forbidden')
    await expect(download('/audit/export')).rejects.toMatchObject({ status: 403 })
  })
})
