import { describe, expect, it } from 'vitest'
import { safeNext } from '../src/app/router'
import { describeTrace } from '../src/knowledge/answerTrace'
import { plainText } from '../src/ui/plainText'
import { formatDuration, formatPercent, formatWait } from '../src/ui/formatting'

describe('formatting', () => {
  it('ticks in seconds while a wait is short', () => {
    expect([5, 65, 700, 3700].map(formatWait)).toEqual(['5 秒', '1 分 5 秒', '11 分钟', '1 小时 1 分'])
  })

  it('never rounds up to certainty', () => {
    expect(formatPercent(0.999)).toBe('99%')
    expect(formatPercent(1)).toBe('100%')
    expect(formatPercent(0.9996, 1)).toBe('99.9%')
    expect(formatPercent(0.256)).toBe('26%')
  })

  it('writes durations in their own unit', () => {
    expect([840, 1500, 65_000].map(formatDuration)).toEqual(['840 毫秒', '1.5 秒', '1 分 5 秒'])
  })
})

it('returns only to pages of the console after a log-in', () => {
  expect(safeNext('/conversations/c1?panel=details')).toBe('/conversations/c1?panel=details')
  for (const bad of ['//evil.example', '/\\evil.example', 'https://evil.example', '/login', undefined, ['/a']]) {
    expect(safeNext(bad)).toBeNull()
  }
})

it('reduces Markdown to words', () => {
  expect(plainText('## 开票\n在**订单**里，见[说明](https://example.com)\n- 一般 `24` 小时')).toBe('开票 在订单里，见说明 一般 24 小时')
})

it('prints whatever shape the trace has', () => {
  expect(describeTrace({ intent: { name: 'question', score: 0.98765 }, top: 0.5, candidates: [{ id: 'a' }, { id: 'b' }] })).toEqual([
    { name: 'intent', value: 'name question · score 0.988' },
    { name: 'top', value: '0.500' },
    { name: 'candidates 1', value: 'id a' },
    { name: 'candidates 2', value: 'id b' },
  ])
  expect(describeTrace(undefined)).toEqual([])
})
