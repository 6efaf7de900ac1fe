"""What the handoff protocol refuses."""

from core.errors import Conflict, NotFound


class ConversationTaken(Conflict):
    code = "conversation_taken"
    zh, en = "这个会话已由 {agent} 接待。", "{agent} has accepted this conversation already."


class WrongState(Conflict):
    code = "wrong_state"
    zh = "会话当前是「{status}」状态，不能这样操作。"
    en = "The conversation is {status} now; this is not possible."


class UnknownAgent(NotFound):
    code = "unknown_agent"
    zh, en = "没有找到这位坐席，或对方已停用。", "There is no such agent, or the account is disabled."
