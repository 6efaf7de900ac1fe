import type { SenderKind } from '@yingda/chat-client'
import { Icon } from './Icon'

/** The last character stands for a Chinese name (小林 → 林), the first letter for others. */
export function initial(name: string): string {
  const characters = [...name.trim()]
  const last = characters[characters.length - 1] ?? ''
  return /\p{Script=Han}/u.test(last) ? last : (characters[0] ?? '').toUpperCase()
}

export function Avatar({ kind, name, large = false }: { kind: SenderKind; name: string; large?: boolean }) {
  const letter = kind === 'agent' ? initial(name) : ''
  return (
    <span class={`avatar ${kind}${large ? ' large' : ''}`} aria-hidden="true">
      {letter || <Icon name={kind === 'agent' ? 'person' : 'bot'} size={large ? 22 : 18} />}
    </span>
  )
}
