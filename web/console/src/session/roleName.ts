import type { RoleDefinition } from '../api/types'
import { t, te } from '../i18n'

/** A role's name for people: built-in ones are translated, others carry the name that the tenant gave them. */
export function roleName(role: string, definitions: readonly RoleDefinition[] = []): string {
  if (te(`role.${role}`)) return t(`role.${role}`)
  return definitions.find((definition) => definition.id === role)?.name ?? t('role.custom')
}
