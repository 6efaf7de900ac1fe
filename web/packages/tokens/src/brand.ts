/** What a tenant's colour turns into: set these as inline custom properties on the root element. */
export type BrandVariables = Record<
  '--yd-brand' | '--yd-brand-hover' | '--yd-brand-text' | '--yd-brand-ink' | '--yd-brand-soft' | '--yd-focus',
  string
>

type Rgb = readonly [number, number, number]

/** --yd-surface and --yd-surface-2, light and dark. */
const LIGHT_SURFACES: readonly [Rgb, Rgb] = [[255, 255, 255], [242, 244, 247]]
const DARK_SURFACES: readonly [Rgb, Rgb] = [[25, 29, 37], [34, 39, 50]]
const WHITE: Rgb = [255, 255, 255]
const INK: Rgb = [20, 24, 32]

/**
 * Readable variants of a tenant's colour, whatever it is: text on the brand, and the brand as text on the
 * surfaces and on its own soft tint, are at least 4.5:1. Returns null for anything but #rgb or #rrggbb, so that a typing error keeps the default look.
 */
export function brandVariables(color: string | null | undefined, dark = false): BrandVariables | null {
  const brand = parseHex(color)
  if (!brand) return null
  const [surface, raised] = dark ? DARK_SURFACES : LIGHT_SURFACES
  const away = dark ? WHITE : INK
  const soft = mix(surface, brand, dark ? 0.18 : 0.09)
  const ink = toContrast(toContrast(brand, soft, away, 4.5), raised, away, 4.5)
  // White on the tenant's colour is what people expect; nudge the colour a little before giving up on it.
  const nudged = toContrast(brand, WHITE, INK, 4.5, 0.25)
  const useWhite = contrast(nudged, WHITE) >= 4.5
  const fill = useWhite ? nudged : brand
  return {
    '--yd-brand': toHex(fill),
    '--yd-brand-hover': toHex(mix(fill, useWhite ? INK : WHITE, 0.12)),
    '--yd-brand-text': toHex(useWhite ? WHITE : INK),
    '--yd-brand-ink': toHex(ink),
    '--yd-brand-soft': toHex(soft),
    '--yd-focus': toHex(toContrast(brand, surface, away, 3)),
  }
}

function parseHex(color: string | null | undefined): Rgb | null {
  const match = /^#([0-9a-f]{3}|[0-9a-f]{6})$/i.exec(color?.trim() ?? '')
  const digits = match?.[1]
  if (!digits) return null
  const full = digits.length === 3 ? digits.replace(/./g, '$&$&') : digits
  const value = parseInt(full, 16)
  return [value >> 16, (value >> 8) & 255, value & 255]
}

function toHex(rgb: Rgb): string {
  return '#' + rgb.map(part => Math.round(part).toString(16).padStart(2, '0')).join('')
}

function mix(from: Rgb, to: Rgb, share: number): Rgb {
  const at = (i: 0 | 1 | 2) => from[i] + (to[i] - from[i]) * share
  return [at(0), at(1), at(2)]
}

function luminance(rgb: Rgb): number {
  const linear = (part: number) => {
    const s = part / 255
    return s <= 0.04045 ? s / 12.92 : ((s + 0.055) / 1.055) ** 2.4
  }
  return 0.2126 * linear(rgb[0]) + 0.7152 * linear(rgb[1]) + 0.0722 * linear(rgb[2])
}

function contrast(a: Rgb, b: Rgb): number {
  const [x, y] = [luminance(a), luminance(b)]
  return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05)
}

function toContrast(color: Rgb, against: Rgb, towards: Rgb, wanted: number, limit = 1): Rgb {
  let result = color
  for (let share = 0; share <= limit + 1e-9 && contrast(result, against) < wanted; share += 0.05) {
    result = mix(color, towards, share)
  }
  return result
}

/** WCAG contrast of two #rrggbb colours; for tests and for a colour picker's warning. */
export function contrastRatio(a: string, b: string): number {
  const [x, y] = [parseHex(a), parseHex(b)]
  return x && y ? contrast(x, y) : 0
}
