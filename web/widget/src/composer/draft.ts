// What the server strips or refuses as empty (see its message rules): white space and characters without a shape.
const BLANK = /^[\s\u200b-\u200f\u202a-\u202e\u2060-\u2069\u2800\u3164\ufe0f\ufeff]*$/
const COUNTER_FROM = 0.9

export type DraftCheck =
  | { kind: 'ok' }
  | { kind: 'empty' }
  | { kind: 'near'; count: number }
  | { kind: 'over'; count: number; over: number }

/** Counts characters as the server does: an emoji or a rare character is one, not two. */
export function checkDraft(text: string, max: number): DraftCheck {
  if (BLANK.test(text)) return { kind: 'empty' }
  const count = [...text.trim()].length
  if (count > max) return { kind: 'over', count, over: count - max }
  return count >= max * COUNTER_FROM ? { kind: 'near', count } : { kind: 'ok' }
}
