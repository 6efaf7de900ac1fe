import { describe, expect, it } from 'vitest'
import type { CannedReply } from '../src/api/types'
import { fillVariables, searchCannedReplies, slashTerm } from '../src/conversations/cannedReplies'

const reply = (id: string, title: string, shortcut: string, text = '', category = ''): CannedReply => ({
  id,
  title,
  shortcut,
  text,
  category,
})
const replies = [
  reply('hello', '问候语', 'nh', '您好，{contact}，我是{agent}'),
  reply('return', '退货流程', 'th', '在订单里点申请退货', '售后'),
  reply('sorry', '致歉', '', '抱歉，退货给您添麻烦了', '售后'),
]
const found = (term: string) => searchCannedReplies(replies, term).map((item) => item.id)

describe('searchCannedReplies', () => {
  it('shows all without a term', () => expect(found('')).toEqual(['hello', 'return', 'sorry']))
  it('finds by shortcut in any case', () => expect(found('NH')).toEqual(['hello']))
  it('finds by title before text', () => expect(found('退货')).toEqual(['return', 'sorry']))
  it('finds by category', () => expect(found('售后')).toEqual(['return', 'sorry']))
  it('finds nothing rather than everything', () => expect(found('没有这个')).toEqual([]))
})

describe('slashTerm', () => {
  it('reads the word behind a leading slash, full width too', () => {
    expect(slashTerm('/th')).toBe('th')
    expect(slashTerm('／退货')).toBe('退货')
    expect(slashTerm('/')).toBe('')
  })

  it('leaves ordinary text alone', () => {
    expect(slashTerm('A/B 两种都可以')).toBeNull()
    expect(slashTerm('/th\n第二行')).toBeNull()
    expect(slashTerm('')).toBeNull()
  })
})

it('fills in both spellings of a variable and leaves unknown ones', () => {
  const variables = { contact: '王先生', agent: '小林' }
  expect(fillVariables('您好，{contact}，我是{{ agent }}，{other}', variables)).toBe('您好，王先生，我是小林，{other}')
})

it('takes a name literally that looks like a replacement pattern', () => {
  expect(fillVariables('{contact}', { contact: '$& $1', agent: '' })).toBe('$& $1')
})
