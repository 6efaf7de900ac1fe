/** Puts text on the clipboard; false where the browser refuses (a page without HTTPS, or no permission). */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    return false
  }
}
