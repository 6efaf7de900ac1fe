/**
 * Builds the widget into ../dist/widget: fixed names, one self-contained classic script per file, no source maps,
 * the same bytes for the same input.
 */
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'

const here = dirname(fileURLToPath(import.meta.url))
const outDir = resolve(here, '../dist/widget')

// Browsers since late 2021, the web views inside Chinese apps included; styles reach a little further back.
const target = 'es2022'
const cssTarget = ['chrome91', 'edge91', 'firefox90', 'safari15']

const catalogue = readFileSync(resolve(here, 'src/i18n/zh-CN.ts'), 'utf8')
const keys = [...catalogue.matchAll(/^ {2}'([\w.]+)':/gm)].map(match => match[1])

/** Message keys are for people: in the bundle each becomes a short number, in catalogues and uses alike. */
function shortMessageKeys() {
  const short = new Map(keys.map((key, at) => [key, at.toString(36)]))
  return {
    name: 'short-message-keys',
    enforce: 'pre',
    transform(code, id) {
      if (!id.startsWith(resolve(here, 'src')) || !/\.tsx?$/.test(id)) return null
      return code.replace(/'(\w+\.\w+)'/g, (whole, key) => (short.has(key) ? `'${short.get(key)}'` : whole))
    },
  }
}

/** `h()` calls are smaller than the automatic runtime's; they need their import. */
function classicJsx() {
  return {
    name: 'classic-jsx',
    enforce: 'pre',
    transform: (code, id) => (id.endsWith('.tsx') ? `import { h, Fragment } from 'preact';${code}` : null),
  }
}

const tokens = readFileSync(fileURLToPath(import.meta.resolve('@yingda/tokens/tokens.css')), 'utf8')
const declarations = css => new Map([...css.matchAll(/^ +(--yd-[\w-]+):\s*([^;]+);/gm)].map(match => [match[1], match[2]]))
const light = declarations(tokens.slice(0, tokens.indexOf('@media')))
const themed = declarations(tokens.slice(tokens.indexOf('@media')))

/** Sizes and fonts are the same in every theme: in the widget they become plain values, and only colours stay tokens. */
function inlineTokens() {
  const inline = css =>
    css.replace(/var\((--yd-[\w-]+)\)/g, (whole, name) =>
      themed.has(name) || name.startsWith('--yd-brand') || !light.has(name) ? whole : light.get(name).replace(/\s+/g, ' '),
    )
  const used = new Set(inline(readFileSync(resolve(here, 'src/chat/chat.css'), 'utf8')).match(/--yd-[\w-]+/g))
  return {
    name: 'inline-tokens',
    enforce: 'pre',
    transform(code, id) {
      if (id.includes('chat.css')) return inline(code)
      if (!id.includes('tokens.css')) return null
      return code
        .replace(/^ +(--yd-[\w-]+):[^;]*;\n/gm, (line, name) => (used.has(name) ? line : ''))
        .replace(/:root[^,{]*,\s*/g, '')
        // The application itself follows the system, because it has to compute the tenant's colours anyway.
        .replace(/@media[^{]*\{(?:[^{}]*\{[^{}]*\})*\s*\}/g, '')
    },
  }
}

/**
 * Shortens the token names that no other file needs to know, and drops helpers that the CSS compiler adds for a
 * function that we do not use.
 */
function shortTokenNames() {
  const shared = new Set(['--yd-brand', '--yd-brand-text'])
  return {
    name: 'short-token-names',
    generateBundle(_options, bundle) {
      for (const chunk of Object.values(bundle)) {
        if (chunk.type !== 'chunk' || chunk.fileName !== 'widget-app.js') continue
        const short = new Map()
        chunk.code = chunk.code
          .replace(/--lightningcss-(light|dark):[^;}]*;?/g, '')
          .replace(/--yd-[\w-]+/g, name => {
            if (shared.has(name)) return name
            if (!short.has(name)) short.set(name, `--y${short.size.toString(36)}`)
            return short.get(name)
          })
      }
    },
  }
}

rmSync(outDir, { recursive: true, force: true })
mkdirSync(outDir, { recursive: true })

/** Builds one file and returns its version: names are fixed, so an address changes by `?v=` when the bytes do. */
async function bundle(entry, fileName, { format = 'iife', define = {} } = {}) {
  await build({
    configFile: false,
    root: here,
    logLevel: 'warn',
    publicDir: false,
    oxc: { jsx: { runtime: 'classic', pragma: 'h', pragmaFrag: 'Fragment' } },
    plugins: [classicJsx(), shortMessageKeys(), inlineTokens(), shortTokenNames()],
    define: { 'process.env.NODE_ENV': '"production"', ...define },
    build: {
      target,
      cssTarget,
      outDir,
      emptyOutDir: false,
      sourcemap: false,
      reportCompressedSize: false,
      minify: true,
      lib: { entry: resolve(here, entry), formats: [format], name: 'yingdaBundle', fileName: () => fileName },
    },
  })
  const version = createHash('sha256').update(readFileSync(resolve(outDir, fileName))).digest('hex').slice(0, 8)
  return JSON.stringify(version)
}

const ENGLISH_VERSION = await bundle('src/i18n/en-file.ts', 'widget-en.js')
const APP_VERSION = await bundle('src/chat/app.tsx', 'widget-app.js', { define: { ENGLISH_VERSION } })
await bundle('src/loader/loader.ts', 'widget.js', { define: { APP_VERSION } })
const PAGE_VERSION = await bundle('src/chat/page.ts', 'chat.js')
await bundle('../packages/chat-client/src/index.ts', 'chat-client.js', { format: 'es' })

const page = readFileSync(resolve(here, 'chat.html'), 'utf8')
  .replace('widget-app.js', `widget-app.js?v=${JSON.parse(APP_VERSION)}`)
  .replace('chat.js', `chat.js?v=${JSON.parse(PAGE_VERSION)}`)
writeFileSync(resolve(outDir, 'chat.html'), page)
