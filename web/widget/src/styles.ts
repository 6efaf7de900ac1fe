/**
 * Styles for a shadow root. A constructed sheet is not subject to the host page's Content-Security-Policy; browsers
 * that have none get a style element.
 */
export function addStyles(root: ShadowRoot, text: string): void {
  try {
    const sheet = new CSSStyleSheet()
    sheet.replaceSync(text)
    root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet]
  } catch {
    const style = document.createElement('style')
    style.textContent = text
    root.append(style)
  }
}
