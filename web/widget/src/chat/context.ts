import { createContext } from 'preact'
import { useContext } from 'preact/hooks'
import type { Language, Translate } from '../i18n'
import type { VisitorConversation } from './conversation'

export interface ChatContext {
  t: Translate
  language: Language
  host: string
  conversation: VisitorConversation
}

export const ChatContext = createContext<ChatContext | null>(null)

export function useChat(): ChatContext {
  const context = useContext(ChatContext)
  if (!context) throw new Error('useChat outside of the chat')
  return context
}
