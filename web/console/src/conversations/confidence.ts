export type ConfidenceLevel = 'high' | 'middle' | 'low'

export function confidenceLevel(confidence: number): ConfidenceLevel {
  if (confidence >= 0.8) return 'high'
  return confidence >= 0.5 ? 'middle' : 'low'
}
