import { mount, type VueWrapper } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { nextTick } from 'vue'
import { sessionApi } from '../src/api/endpoints'
import ReplyComposer from '../src/conversations/ReplyComposer.vue'
import { clearDrafts, hasDraft, readDraft } from '../src/conversations/draftStorage'
import type { ReplyBlock } from '../src/conversations/useConversationActions'
import { i18n } from '../src/i18n'
import { makeConversation } from './factories'

const conversation = makeConversation({ status: 'assigned', assignee: { id: 'a1', name: '小林' } })
let pinia = createPinia()

function show(block: ReplyBlock | null = null): VueWrapper {
  return mount(ReplyComposer, {
    props: { conversation, block, busy: false, lastQuestion: null },
    global: { plugins: [pinia, i18n] },
    attachTo: document.body,
  })
}

beforeEach(() => {
  pinia = createPinia()
  setActivePinia(pinia)
  clearDrafts()
  document.body.innerHTML = ''
  vi.restoreAllMocks()
})

describe('sending', () => {
  it('sends on Enter and empties the field', async () => {
    const composer = show()
    await composer.get('textarea').setValue('  马上为您处理 ')
    await composer.get('textarea').trigger('keydown', { key: 'Enter' })
    expect(composer.emitted('send')).toEqual([['马上为您处理', false]])
    expect(composer.get('textarea').element.value).toBe('')
  })

  it('leaves Enter to the input method and Shift+Enter to the text', async () => {
    const composer = show()
    await composer.get('textarea').setValue('nihao')
    await composer.get('textarea').trigger('keydown', { key: 'Enter', isComposing: true })
    await composer.get('textarea').trigger('keydown', { key: 'Enter', keyCode: 229 })
    await composer.get('textarea').trigger('keydown', { key: 'Enter', shiftKey: true })
    expect(composer.emitted('send')).toBeUndefined()
  })

  it('does not send blanks', async () => {
    const composer = show()
    await composer.get('textarea').setValue(' \n ')
    await composer.get('textarea').trigger('keydown', { key: 'Enter' })
    expect(composer.emitted('send')).toBeUndefined()
  })
})

describe('blocked', () => {
  it('offers to accept a waiting customer instead of a field', async () => {
    const composer = show('queued')
    expect(composer.find('textarea').exists()).toBe(false)
    await composer.get('.composer__gate button').trigger('click')
    expect(composer.emitted('action')).toEqual([['accept']])
  })

  it('still takes notes', async () => {
    const composer = show('other')
    await composer.findAll('.composer__tabs button')[1]?.trigger('click')
    await composer.get('textarea').setValue('请留意')
    await composer.get('textarea').trigger('keydown', { key: 'Enter' })
    expect(composer.emitted('send')).toEqual([['请留意', true]])
  })

  it('shows an analyst no field at all', () => {
    const composer = show('readonly')
    expect(composer.find('textarea').exists()).toBe(false)
    expect(composer.find('button').exists()).toBe(false)
  })
})

it('keeps drafts of the reply and the note apart', async () => {
  const composer = show()
  await composer.get('textarea').setValue('回复草稿')
  await composer.findAll('.composer__tabs button')[1]?.trigger('click')
  await composer.get('textarea').setValue('备注草稿')
  composer.unmount()
  expect(readDraft(conversation.id)).toEqual({ reply: '回复草稿', note: '备注草稿' })
  expect(hasDraft(conversation.id)).toBe(true)
  expect(show().get('textarea').element.value).toBe('回复草稿')
})

it('inserts the chosen canned reply with Enter instead of sending', async () => {
  vi.spyOn(sessionApi, 'cannedReplies').mockResolvedValue([
    { id: '1', title: '问候语', text: '您好，{contact}', category: '', shortcut: 'nh' },
  ])
  const composer = show()
  await composer.get('textarea').setValue('/nh')
  await vi.waitFor(() => expect(composer.findAll('[role=option]')).toHaveLength(1))
  await composer.get('textarea').trigger('keydown', { key: 'Enter' })
  await nextTick()
  expect(composer.emitted('send')).toBeUndefined()
  expect(composer.get('textarea').element.value).toBe('您好，王建国')
})
