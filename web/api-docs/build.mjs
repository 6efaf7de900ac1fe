/** Puts Swagger UI (Apache-2.0) beside our own page in ../dist/docs, so that /docs asks no foreign host for anything. */
import { copyFileSync, mkdirSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
const swagger = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'))
const out = resolve(here, '../dist/docs')

rmSync(out, { recursive: true, force: true })
mkdirSync(out, { recursive: true })
for (const name of ['swagger-ui-bundle.js', 'swagger-ui.css', 'LICENSE']) copyFileSync(resolve(swagger, name), resolve(out, name))
for (const name of ['index.html', 'docs.js']) copyFileSync(resolve(here, 'src', name), resolve(out, name))
