/** The one-time token of a link, `…#token=…`: behind the #, where no server and no log sees it. */
export function tokenOf(hash: string): string {
  return new URLSearchParams(hash.replace(/^#/, '')).get('token') ?? ''
}

/** The address at which an invited member, or one whose password was reset, chooses a password. */
export function welcomeAddress(token: string, origin: string = window.location.origin): string {
  return `${origin}/console/welcome#token=${encodeURIComponent(token)}`
}

/** The line that puts the chat on a site. */
export function embedLine(siteKey: string, origin: string = window.location.origin): string {
  return `<script async src="${origin}/widget.js" data-site-key="${siteKey}"></` + 'script>'
}
