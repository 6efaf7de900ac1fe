import { ref, shallowRef, toValue, watch, type MaybeRefOrGetter } from 'vue'
import { knowledgeApi } from '../api/endpoints'
import type { AnswerCandidate, KnowledgeEntry } from '../api/types'

const MAX_SUGGESTIONS = 3
const MIN_SCORE = 0.1
const MAX_CACHED = 200
const entries = new Map<string, Promise<KnowledgeEntry>>()

/** Entries are fetched once per visit: the same few questions come all day. */
export function fetchEntry(id: string): Promise<KnowledgeEntry> {
  let entry = entries.get(id)
  if (!entry) {
    entry = knowledgeApi.entry(id)
    entries.set(id, entry)
    entry.catch(() => entries.delete(id))
    if (entries.size > MAX_CACHED) entries.delete([...entries.keys()][0] ?? '')
  }
  return entry
}

export interface Suggestion {
  faqId: string
  question: string
  score: number
  /** The bot's own wording; null where it has to be fetched from the entry. */
  text: string | null
}

export function pickCandidates(candidates: readonly AnswerCandidate[]): AnswerCandidate[] {
  return candidates.filter((candidate) => candidate.score >= MIN_SCORE).slice(0, MAX_SUGGESTIONS)
}

/** What to put into the reply; null when the entry has no answer. */
export async function textOf(suggestion: Suggestion): Promise<string | null> {
  return suggestion.text ?? ((await fetchEntry(suggestion.faqId)).answer || null)
}

/** What the bot would say to the customer's last words. */
export function useAnswerSuggestions(text: MaybeRefOrGetter<string | null>, enabled: MaybeRefOrGetter<boolean>) {
  const suggestions = shallowRef<Suggestion[]>([])
  const loading = ref(false)
  const failed = ref(false)
  let generation = 0

  async function refresh() {
    generation += 1
    const mine = generation
    const question = toValue(text)?.trim()
    suggestions.value = []
    failed.value = false
    loading.value = false
    if (!question || !toValue(enabled)) return
    loading.value = true
    try {
      const answer = await knowledgeApi.answer(question)
      if (mine !== generation) return
      suggestions.value = pickCandidates(answer.candidates).map((candidate) => ({
        faqId: candidate.faq_id,
        question: candidate.question,
        score: candidate.score,
        text: answer.action === 'answer' && candidate.faq_id === answer.faq_id ? answer.text : null,
      }))
    } catch {
      if (mine === generation) failed.value = true
    } finally {
      if (mine === generation) loading.value = false
    }
  }

  watch([() => toValue(text), () => toValue(enabled)], refresh, { immediate: true })

  return { suggestions, loading, failed, refresh }
}
