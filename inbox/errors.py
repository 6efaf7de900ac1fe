"""What the desk refuses, and what the person can do about it."""

from core.errors import Conflict, Invalid, NotFound, Unauthenticated


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


class IdentityInvalid(Unauthenticated):
    code = "identity_invalid"
    zh = "客户身份签名无效或已过期，请刷新页面后重试。"
    en = "The signed identity is invalid or expired. Reload the page and try again."


class IdentityRequired(Unauthenticated):
    code = "identity_required"
    zh, en = "请先在本站登录，再打开聊天。", "Please sign in to this site before you open the chat."


class KeyUnusable(Invalid):
    code = "key_unusable"
    zh = "ES256 需要 P-256 公钥（PEM，不含私钥）；HS256 由系统生成密钥，不要给 public_key。"
    en = "ES256 needs a P-256 public key (PEM, no private part); HS256 makes its own secret, so give no public_key."


class TooManyKeys(Conflict):
    code = "too_many_keys"
    zh, en = (
        "每个接入最多 {limit} 个有效密钥，请先撤销旧的。",
        "An inbox has {limit} keys at most. Revoke an old one first.",
    )


class CannotMerge(Conflict):
    code = "cannot_merge"
    zh = "只能把同一接入中没有身份、也没有合并过的客户，合并到另一位客户。"
    en = "Only a contact of the same inbox without an identity, not merged before, can be merged into another."


class AlreadyUndone(Conflict):
    code = "already_undone"
    zh, en = "这次合并已经撤销过了。", "This merge has been undone already."


class MergedSince(Conflict):
    code = "merged_since"
    zh, en = "这位客户之后又被合并过，请先撤销后一次。", "This contact was merged again later. Undo that first."
