import type { AuditQuery } from '../api/endpoints'

export interface AuditFilter {
  actor: string
  action: string
  /** Days of this browser's calendar, `2026-11-24`; empty for open ends. Both are included. */
  from: string
  to: string
}

/** The actions that the log knows today; others are shown by their code. */
export const AUDIT_ACTIONS = [
  'sign_in.succeeded',
  'sign_in.refused',
  'sign_in.ended',
  'access.refused',
  'handoff.requested',
  'conversation.accepted',
  'conversation.transferred',
  'conversation.resolved',
  'conversation.reopened',
  'conversation.returned_to_bot',
  'contact.exported',
  'contact.erased',
  'knowledge.imported',
  'retention.changed',
  'retention.applied',
  'audit.exported',
  'member.invited',
  'member.changed',
  'member.reset',
  'member.signed_out',
  'role.created',
  'role.changed',
  'role.deleted',
  'api_key.created',
  'api_key.revoked',
  'identity_key.created',
  'identity_key.revoked',
  'inbox.changed',
  'security.changed',
  'password.changed',
  'second_factor.enabled',
  'second_factor.removed',
  'contact.revealed',
  'contact.merged',
  'contact.unmerged',
] as const

export function auditQuery(filter: AuditFilter): AuditQuery {
  const query: AuditQuery = {}
  if (filter.actor) query.actor_id = filter.actor
  if (filter.action) query.action = filter.action
  const since = startOf(filter.from, 0)
  const until = startOf(filter.to, 1)
  if (since) query.since = since
  if (until) query.until = until
  return query
}

/** Midnight, local time, of a day or so many days after it. */
function startOf(day: string, later: number): string | null {
  const [year, month, date] = day.split('-').map(Number)
  if (!year || !month || !date) return null
  return new Date(year, month - 1, date + later).toISOString()
}
