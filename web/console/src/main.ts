import '@yingda/tokens/tokens.css'
import './styles/element'
import './styles/base.css'
import { createPinia } from 'pinia'
import { createApp } from 'vue'
import App from './app/App.vue'
import { startPreferences } from './app/preferences'
import { router } from './app/router'
import { i18n } from './i18n'

startPreferences()
createApp(App).use(createPinia()).use(i18n).use(router).mount('#app')
