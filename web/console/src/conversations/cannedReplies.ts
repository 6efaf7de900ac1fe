import type { CannedReply } from '../api/types'

/** The term after a leading slash, or null when the text does not ask for canned replies. */
export function slashTerm(text: string): string | null {
  const match = /^[/／]([^\n]*)$/.exec(text)
  return match ? (match[1] ?? '').trim() : null
}

function rank(reply: CannedReply, term: string): number {
  const shortcut = reply.shortcut.replace(/^[/／]/, '').toLowerCase()
  const title = reply.title.toLowerCase()
  if (shortcut === term) return 0
  if (shortcut.startsWith(term)) return 1
  if (title.startsWith(term)) return 2
  if (title.includes(term)) return 3
  if (shortcut.includes(term)) return 4
  if (reply.category.toLowerCase().includes(term)) return 5
  return reply.text.toLowerCase().includes(term) ? 6 : -1
}

/** Best first: shortcut, then title, then category, then the text itself. */
export function searchCannedReplies(replies: readonly CannedReply[], term: string): CannedReply[] {
  const needle = term.trim().toLowerCase()
  if (!needle) return [...replies]
  return replies
    .map((reply, index) => ({ reply, index, rank: rank(reply, needle) }))
    .filter((entry) => entry.rank >= 0)
    .sort((a, b) => a.rank - b.rank || a.index - b.index)
    .map((entry) => entry.reply)
}

export type ReplyVariables = Record<'contact' | 'agent', string>

export function fillVariables(text: string, variables: ReplyVariables): string {
  return text.replace(/\{\{?\s*(contact|agent)\s*\}?\}/g, (_, name: keyof ReplyVariables) => variables[name])
}
