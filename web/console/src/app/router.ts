import { createRouter, createWebHistory } from 'vue-router'
import { useSessionStore, type Permission } from '../session/sessionStore'

declare module 'vue-router' {
  interface RouteMeta {
    needs?: Permission
  }
}

export const router = createRouter({
  history: createWebHistory('/console/'),
  routes: [
    { path: '/login', name: 'login', component: () => import('../session/LoginPage.vue') },
    {
      path: '/',
      component: () => import('./AppShell.vue'),
      children: [
        // The guard sends people on from here; it needs their role first.
        { path: '', name: 'home', component: () => import('./NotFoundPage.vue') },
        {
          path: 'conversations/:id?',
          name: 'conversations',
          component: () => import('../conversations/ConversationsPage.vue'),
          meta: { needs: 'view_conversations' },
        },
        { path: 'knowledge', name: 'knowledge', component: () => import('../knowledge/KnowledgePage.vue') },
        { path: 'overview', name: 'overview', component: () => import('../overview/OverviewPage.vue') },
        { path: ':path(.*)*', name: 'not-found', component: () => import('./NotFoundPage.vue') },
      ],
    },
  ],
})

function homeRoute() {
  return { name: useSessionStore().can('view_conversations') ? 'conversations' : 'knowledge' }
}

/** Only paths of the console itself: a link must not send people elsewhere after the log-in. */
export function safeNext(next: unknown): string | null {
  return typeof next === 'string' && /^\/(?![/\\])/.test(next) && !next.startsWith('/login') ? next : null
}

router.beforeEach(async (to) => {
  const session = useSessionStore()
  if (to.name === 'login') {
    if (session.isReady) return safeNext(to.query.next) ?? { name: 'home' }
    return true
  }
  if (!session.isReady) {
    // A session without a server still opens the shell, which offers to try again.
    const restored = await session.restore().catch(() => null)
    if (restored === false) {
      return { name: 'login', query: to.fullPath === '/' ? {} : { next: to.fullPath }, replace: true }
    }
  }
  if (to.name === 'home' && session.isReady) return { ...homeRoute(), replace: true }
  const needs = to.meta.needs
  if (needs && session.isReady && !session.can(needs)) return { name: 'knowledge', replace: true }
  return true
})
