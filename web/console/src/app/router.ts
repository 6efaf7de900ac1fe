import { createRouter, createWebHistory } from 'vue-router'
import type { Permission } from '../api/types'
import { useSessionStore } from '../session/sessionStore'

declare module 'vue-router' {
  interface RouteMeta {
    needs?: Permission
    /** Open to whoever has not signed in. */
    open?: boolean
  }
}

export const router = createRouter({
  history: createWebHistory('/console/'),
  routes: [
    { path: '/login', name: 'login', component: () => import('../session/LoginPage.vue'), meta: { open: true } },
    { path: '/setup', name: 'setup', component: () => import('../session/SetupPage.vue'), meta: { open: true } },
    { path: '/welcome', name: 'welcome', component: () => import('../session/WelcomePage.vue'), meta: { open: true } },
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
          meta: { needs: 'conversation.read' },
        },
        {
          path: 'knowledge',
          name: 'knowledge',
          component: () => import('../knowledge/KnowledgePage.vue'),
          meta: { needs: 'knowledge.read' },
        },
        {
          path: 'overview',
          name: 'overview',
          component: () => import('../overview/OverviewPage.vue'),
          meta: { needs: 'stats.read' },
        },
        {
          path: 'settings',
          component: () => import('../settings/SettingsPage.vue'),
          children: [
            { path: '', redirect: { name: 'settings-account' } },
            { path: 'account', name: 'settings-account', component: () => import('../settings/AccountPage.vue') },
            {
              path: 'members',
              name: 'settings-members',
              component: () => import('../settings/MembersPage.vue'),
              meta: { needs: 'member.read' },
            },
            {
              path: 'keys',
              name: 'settings-keys',
              component: () => import('../settings/KeysPage.vue'),
              meta: { needs: 'api_key.manage' },
            },
            {
              path: 'audit',
              name: 'settings-audit',
              component: () => import('../settings/AuditPage.vue'),
              meta: { needs: 'audit.read' },
            },
          ],
        },
        { path: ':path(.*)*', name: 'not-found', component: () => import('./NotFoundPage.vue') },
      ],
    },
  ],
})

/** The first page that the person may see; their own account is open to everybody. */
function homeRoute() {
  const session = useSessionStore()
  if (session.can('conversation.read')) return { name: 'conversations' }
  return { name: session.can('knowledge.read') ? 'knowledge' : 'settings-account' }
}

/** Only paths of the console itself: a link must not send people elsewhere after the log-in. */
export function safeNext(next: unknown): string | null {
  return typeof next === 'string' && /^\/(?![/\\])/.test(next) && !next.startsWith('/login') ? next : null
}

router.beforeEach(async (to) => {
  const session = useSessionStore()
  if (to.meta.open) {
    if (to.name === 'login' && session.isReady) return safeNext(to.query.next) ?? { name: 'home' }
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
  if (needs && session.isReady && !session.can(needs)) return { ...homeRoute(), replace: true }
  return true
})
