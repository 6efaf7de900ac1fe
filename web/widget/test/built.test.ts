// @vitest-environment node
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'

/** Looks at the committed build: `npm run build` comes before `npm test`. */
const read = (name: string) => readFileSync(fileURLToPath(new URL(`../../dist/widget/${name}`, import.meta.url)))

const scripts = ['widget.js', 'widget-app.js', 'widget-en.js', 'chat.js', 'chat-client.js']

describe('built files', () => {
  it('stay inside their budgets', () => {
    expect(gzipSync(read('widget.js'), { level: 9 }).length).toBeLessThanOrEqual(2_048)
    expect(gzipSync(read('widget-app.js'), { level: 9 }).length).toBeLessThanOrEqual(25_000)
  })

  it.each(scripts)('%s asks no foreign host and needs no eval', name => {
    const text = read(name).toString()
    const hosts = (text.match(/https?:\/\/[\w.-]+/g) ?? []).filter(url => url !== 'http://www.w3.org')
    expect(hosts).toEqual([])
    expect(text).not.toMatch(/\beval\(|new Function\(/)
  })

  it('has a page without inline scripts', () => {
    const page = read('chat.html').toString()
    for (const [, attributes, inner] of page.matchAll(/<script([^>]*)>([\s\S]*?)<\/script>/g)) {
      expect(attributes).toContain('src="/static/widget/')
      expect(inner).toBe('')
    }
    expect(page).not.toMatch(/\son\w+=/)
  })

  it('left no long message key behind', () => {
    expect(read('widget-app.js').toString()).not.toContain('composer.tooLong')
    expect(read('widget-en.js').toString()).not.toContain('composer.tooLong')
  })
})
