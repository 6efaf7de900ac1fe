import { fileURLToPath } from 'node:url'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vitest/config'

// The server serves index.html at /console/* and the assets at /static/console/*. File names are fixed, because the
// output is committed.
export default defineConfig(({ command }) => ({
  base: command === 'build' ? '/static/console/' : '/console/',
  plugins: [vue()],
  define: {
    __VUE_OPTIONS_API__: 'false',
    __VUE_PROD_DEVTOOLS__: 'false',
    __VUE_I18N_FULL_INSTALL__: 'false',
    __VUE_I18N_LEGACY_API__: 'false',
    __INTLIFY_PROD_DEVTOOLS__: 'false',
    __INTLIFY_DROP_MESSAGE_COMPILER__: 'false',
  },
  build: {
    outDir: fileURLToPath(new URL('../dist/console', import.meta.url)),
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0,
    cssCodeSplit: false,
    chunkSizeWarningLimit: 700,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      output: {
        entryFileNames: 'assets/[name].js',
        chunkFileNames: 'assets/[name].js',
        assetFileNames: 'assets/[name][extname]',
        codeSplitting: {
          groups: [
            { name: 'charts', priority: 3, test: /node_modules[\\/](echarts|zrender)[\\/]/ },
            {
              name: 'shared',
              priority: 1,
              test: /(console[\\/]src[\\/](api|i18n|realtime|session|ui)|packages[\\/]chat-client)[\\/].*\.(ts|vue)|(useShortcuts|[a-z]+Store)\.ts$/,
            },
            {
              name: 'vendor',
              priority: 2,
              test: /node_modules[\\/](@vue|vue|vue-router|pinia|vue-i18n|@intlify|element-plus|@element-plus|@floating-ui|@tanstack)[\\/].*\.m?js$/,
            },
          ],
        },
      },
    },
  },
  server: {
    proxy: {
      '/api': 'http://127.0.0.1:8000',
      '/ws': { target: 'ws://127.0.0.1:8000', ws: true },
    },
  },
  test: { environment: 'happy-dom', include: ['test/**/*.test.ts'] },
}))
