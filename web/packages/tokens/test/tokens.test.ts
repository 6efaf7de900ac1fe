import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { brandVariables, contrastRatio } from '../src/brand'

const css = readFileSync(fileURLToPath(new URL('../src/tokens.css', import.meta.url)), 'utf8')

function block(selector: string): Map<string, string> {
  const start = css.indexOf(selector)
  const end = css.indexOf('}', start)
  const found = css.slice(start, end).matchAll(/(--yd-[\w-]+):\s*([^;]+);/g)
  return new Map([...found].map(match => [match[1] ?? '', match[2] ?? '']))
}

const light = block(':root,\n:host {')
const systemDark = block(":root:not([data-theme='light'])")
const chosenDark = block(":root[data-theme='dark']")

describe('tokens', () => {
  it('have one dark theme, by system and by choice', () => {
    expect([...systemDark]).toEqual([...chosenDark])
    for (const name of systemDark.keys()) expect(light.has(name), name).toBe(true)
  })

  const pairs: [string, string[], number][] = [
    ['text', ['bg', 'surface', 'surface-2', 'surface-3'], 7],
    ['text-2', ['bg', 'surface', 'surface-2', 'surface-3'], 4.5],
    ['text-muted', ['bg', 'surface', 'surface-2'], 4.5],
    ['border-strong', ['surface'], 3],
    ['brand-ink', ['surface', 'surface-2', 'brand-soft'], 4.5],
    ['success', ['surface', 'success-soft'], 4.5],
    ['warning', ['surface', 'warning-soft'], 4.5],
    ['danger', ['surface', 'surface-2', 'danger-soft'], 4.5],
    ['info', ['surface', 'info-soft'], 4.5],
    ['note', ['note-soft'], 4.5],
    ['customer', ['surface'], 4.5],
    ['bot', ['surface', 'bot-soft'], 4.5],
    ['agent', ['surface', 'agent-soft'], 4.5],
    ['text', ['bot-soft', 'agent-soft', 'note-soft', 'danger-soft'], 7],
    ['focus', ['surface', 'bg'], 3],
  ]
  const themes = { light, dark: new Map([...light, ...systemDark]) }

  for (const [theme, values] of Object.entries(themes)) {
    it.each(pairs)(`${theme}: %s is readable on %s`, (ink, surfaces, wanted) => {
      for (const surface of surfaces) {
        const ratio = contrastRatio(values.get(`--yd-${ink}`) ?? '', values.get(`--yd-${surface}`) ?? '')
        expect(ratio, `${ink} on ${surface}`).toBeGreaterThanOrEqual(wanted)
      }
    })
  }
})

describe('brandVariables', () => {
  const colors = ['#1f6feb', '#f5c400', '#e60012', '#07c160', '#000000', '#ffffff', '#888', '#ff69b4', '#123456']

  it.each(colors)('makes %s readable in light and dark', color => {
    for (const [dark, surface, raised] of [[false, '#ffffff', '#f2f4f7'], [true, '#191d25', '#222732']] as const) {
      const variables = brandVariables(color, dark)
      expect(contrastRatio(variables?.['--yd-brand'] ?? '', variables?.['--yd-brand-text'] ?? '')).toBeGreaterThanOrEqual(4.5)
      for (const under of [surface, raised, variables?.['--yd-brand-soft'] ?? '']) {
        expect(contrastRatio(variables?.['--yd-brand-ink'] ?? '', under), under).toBeGreaterThanOrEqual(4.5)
      }
      expect(contrastRatio(variables?.['--yd-focus'] ?? '', surface)).toBeGreaterThanOrEqual(3)
    }
  })

  it('keeps the default for anything that is not a colour', () => {
    for (const color of ['red', '#12', '', null, undefined, '#1f6feb;}']) expect(brandVariables(color)).toBeNull()
  })
})
