import type { Member, RoleDefinition } from '../api/types'

/** Nobody hands out, or acts on somebody who holds, more than they hold themselves; the server says the same. */
export function grantableRoles(roles: readonly RoleDefinition[], own: ReadonlySet<string>): RoleDefinition[] {
  return roles.filter((role) => role.permissions.every((permission) => own.has(permission)))
}

export type MemberAction = 'resend' | 'withdraw' | 'reset' | 'signOut' | 'disable' | 'enable'

/** What may be offered for a member. One's own password and sessions are on one's own page. */
export function memberActions(member: Member, isSelf: boolean): MemberAction[] {
  if (isSelf) return []
  if (member.status === 'invited') return ['resend', 'withdraw']
  if (member.status === 'disabled') return ['enable']
  return ['reset', 'signOut', 'disable']
}
