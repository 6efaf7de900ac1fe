/** A UUID v4. randomUUID exists only in secure contexts, and many intranets still serve plain http. */
export function randomId(source: Crypto = globalThis.crypto): string {
  if (typeof source.randomUUID === 'function') return source.randomUUID()
  // 0 and 1 become random digits; 8 becomes one of 8, 9, a, b, as the variant wants it.
  return '10000000-1000-4000-8000-100000000000'.replace(/[018]/g, digit => {
    const value = Number(digit)
    const [random = 0] = source.getRandomValues(new Uint8Array(1))
    return (value ^ (random & (15 >> (value / 4)))).toString(16)
  })
}
