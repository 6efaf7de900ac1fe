import { defineConfig } from 'vitest/config'

export default defineConfig({
  define: { APP_VERSION: '"test"', ENGLISH_VERSION: '"test"' },
  test: { environment: 'happy-dom', include: ['test/**/*.test.{ts,tsx}'] },
})
