/** How a new password stands before the server sees it. The server has the last word: it also knows a list of
 * common passwords and the rules of the tenant. This mirrors accounts/password_rules.py. */

export const MIN_ALONE = 15 // the password is all that protects the account
export const MIN_WITH_SECOND_FACTOR = 8

export type PasswordHint = { state: 'empty' } | { state: 'short'; missing: number } | { state: 'guessable' | 'fine' }

const KEYBOARD = [
  'qwertyuiop',
  'asdfghjkl',
  'zxcvbnm',
  '1234567890',
  'qazwsxedcrfvtgbyhnujmikolp',
  '1qaz2wsx3edc4rfv',
]

export function passwordHint(password: string, personal: string[] = [], least = MIN_ALONE): PasswordHint {
  const text = password.normalize('NFKC').toLowerCase()
  const length = [...text].length
  if (length === 0) return { state: 'empty' }
  if (length < least) return { state: 'short', missing: least - length }
  return { state: isGuessable(text, personal) ? 'guessable' : 'fine' }
}

function isGuessable(text: string, personal: string[]): boolean {
  const unit = repeatedPart(text)
  if ([...unit].length < MIN_WITH_SECOND_FACTOR) return true
  const words = new Set(personal.flatMap(wordsOf))
  const middle = text.replace(/^[^\p{L}]+|[^\p{L}]+$/gu, '')
  if (!middle) return true
  return [text, unit, middle, repeatedPart(middle)].some(
    (form) => words.has(form) || new Set(form).size <= 2 || isRun(form),
  )
}

/** `abcabcabc` → `abc`; anything that is not repeated stays. */
function repeatedPart(text: string): string {
  const again = (text + text).indexOf(text, 1)
  return again > 0 && again < text.length ? text.slice(0, again) : text
}

/** `abcdef`, `87654321`, `qwertyuiop`: along the alphabet or the keyboard. */
function isRun(text: string): boolean {
  if (text.length <= 3) return false
  const steps = new Set([...text].slice(1).map((letter, index) => letter.charCodeAt(0) - text.charCodeAt(index)))
  if (steps.size === 1 && (steps.has(1) || steps.has(-1))) return true
  return KEYBOARD.some((row) => {
    const backwards = [...row].reverse().join('')
    return (row + row).includes(text) || (backwards + backwards).includes(text)
  })
}

/** `li.wei@acme.example` → the whole, what stands before the @, and each part of four letters or more. */
function wordsOf(word: string): string[] {
  const lowered = word.toLowerCase()
  return [lowered, lowered.split('@')[0] ?? '', ...lowered.split(/[^\p{L}\p{N}]+/u)].filter((part) => part.length >= 4)
}
