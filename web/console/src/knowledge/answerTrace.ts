export interface TraceStep {
  name: string
  value: string
}

type Fields = Record<string, unknown>

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function print(value: unknown): string {
  if (typeof value === 'number') return Number.isInteger(value) ? String(value) : value.toFixed(3)
  if (typeof value === 'string') return value
  if (Array.isArray(value)) return value.map(print).join(', ')
  if (isFields(value)) {
    return Object.entries(value)
      .map(([name, part]) => `${name} ${print(part)}`)
      .join(' · ')
  }
  return String(value)
}

/** The trace is for people and may change its shape: named parts, the elements of a list each on a row of its own. */
export function describeTrace(trace: unknown): TraceStep[] {
  if (!isFields(trace)) return []
  return Object.entries(trace).flatMap(([name, value]) =>
    Array.isArray(value) && value.some(isFields)
      ? value.map((part, index) => ({ name: `${name} ${index + 1}`, value: print(part) }))
      : [{ name, value: print(value) }],
  )
}
