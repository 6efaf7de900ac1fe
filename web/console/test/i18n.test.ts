import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { browserLocale } from '../src/i18n'
import en from '../src/i18n/en'
import zhCN from '../src/i18n/zh-CN'

function flatten(value: object, prefix = ''): Map<string, string> {
  const texts = new Map<string, string>()
  for (const [key, part] of Object.entries(value)) {
    const path = prefix ? `${prefix}.${key}` : key
    if (typeof part === 'string') texts.set(path, part)
    else for (const [inner, text] of flatten(part as object, path)) texts.set(inner, text)
  }
  return texts
}

const zh = flatten(zhCN)
const english = flatten(en)
const variables = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]).sort()

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    return entry.isDirectory() ? sources(path) : [path]
  })
}

describe('catalogues', () => {
  it('have the same keys', () => expect([...english.keys()]).toEqual([...zh.keys()]))

  it('use the same variables', () => {
    for (const [key, text] of zh) expect(variables(english.get(key) ?? ''), key).toEqual(variables(text))
  })

  it('hold every key that the source names', () => {
    const groups = Object.keys(zhCN)
    for (const file of sources(join(__dirname, '../src')).filter((path) => /\.(vue|ts)$/.test(path))) {
      for (const [, key = ''] of readFileSync(file, 'utf8').matchAll(/\bt\('([a-zA-Z.]+)'/g)) {
        expect(zh.has(key) || !groups.includes(key.split('.')[0] ?? ''), `${key} in ${file}`).toBe(true)
      }
    }
  })

  it('hold all the Chinese text: none stands in a component', () => {
    for (const file of sources(join(__dirname, '../src')).filter((path) => path.endsWith('.vue'))) {
      expect(readFileSync(file, 'utf8').match(/\p{Script=Han}/u), file).toBeNull()
    }
  })
})

it('follows the first language of the browser that it knows', () => {
  expect(browserLocale(['fr-FR', 'en-GB', 'zh-CN'])).toBe('en')
  expect(browserLocale(['zh-TW'])).toBe('zh-CN')
  expect(browserLocale(['ja'])).toBe('zh-CN')
})
