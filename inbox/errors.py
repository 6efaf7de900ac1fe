"""What the desk refuses, and what the person can do about it."""

from core.errors import Conflict, Invalid, NotFound


class EmptyMessage(Invalid):
    code = "empty_message"
    zh, en = "消息是空的，请输入内容再发送。", "The message is empty. Please type something first."


class MessageTooLong(Invalid):
    code = "message_too_long"
    zh = "消息有 {length} 字，最多 {limit} 字，请分几条发送。"
    en = "The message has {length} characters, the limit is {limit}. Please send it in several parts."


class UnsupportedContent(Invalid):
    code = "unsupported_content"
    zh, en = "暂不支持这种消息，请发送文字。", "This kind of message is not supported yet. Please send text."


class BadClientMessageId(Invalid):
    code = "bad_client_msg_id"
    zh = "client_msg_id 须为 1 到 128 个可见字符。"
    en = "client_msg_id must have 1 to 128 visible characters."


class IdConflict(Conflict):
    code = "id_conflict"
    zh = "同一个 client_msg_id 已用于另一条消息，请换一个再发送。"
    en = "This client_msg_id was used for another message. Use a new one."


class UnknownSite(NotFound):
    code = "unknown_site_key"
    zh = "没有找到这个聊天入口，请核对网址或嵌入代码中的 site key。"
    en = "This chat does not exist. Please check the address or the site key in the embed code."


class NotYourConversation(Conflict):
    code = "not_your_conversation"
    zh = "接待后才能回复；这个会话当前由{owner}负责。"
    en = "Accept the conversation before you reply; it is with {owner} now."


class ConversationClosed(Conflict):
    code = "conversation_closed"
    zh, en = "会话已结束，请重新打开后再操作。", "The conversation is resolved. Reopen it first."


class BadCursor(Invalid):
    code = "bad_cursor"
    zh, en = "cursor 不正确，请从第一页重新开始。", "The cursor is not valid. Start again from the first page."
