import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'

const dist = join(__dirname, '../../dist/console')
const read = (name: string) => readFileSync(join(dist, name))

describe.skipIf(!existsSync(dist))('the committed build', () => {
  const files = readdirSync(dist, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(dist.length + 1))
  const html = () => read('index.html').toString()

  it('keeps the first screen under 350 kB gzipped, and everything under 3 MB', () => {
    const linked = [...html().matchAll(/(?:src|href)="\/static\/console\/([^"]+)"/g)].map((match) => match[1] ?? '')
    const firstScreen = [...linked, 'assets/AppShell.js', 'assets/ConversationsPage.js']
    const gzipped = firstScreen.reduce((sum, name) => sum + gzipSync(read(name)).length, 0)
    expect(gzipped).toBeLessThan(350 * 1024)
    expect(files.reduce((sum, name) => sum + read(name).length, 0)).toBeLessThan(3 * 1024 * 1024)
  })

  it('leaves the charts to the page that draws them', () => expect(html()).not.toContain('charts.js'))

  it('obeys a strict content security policy', () => {
    expect(html()).not.toMatch(/<script(?![^>]*\bsrc=)/)
    expect(html()).not.toMatch(/\son\w+=/)
    for (const name of files.filter((file) => file.endsWith('.js'))) {
      expect(read(name).toString(), name).not.toMatch(/\bnew Function\(|[^\w.]eval\(/)
    }
  })

  it('loads nothing from elsewhere', () => {
    expect(html()).not.toMatch(/(?:src|href)="(?:https?:)?\/\//)
    for (const name of files.filter((file) => file.endsWith('.css'))) {
      expect(read(name).toString(), name).not.toMatch(/url\(["']?(?:https?:)?\/\//)
    }
  })

  it('has names that do not change with the content', () => {
    for (const name of files) expect(name).not.toMatch(/-[A-Za-z0-9_-]{8}\.(js|css)$/)
  })
})
