"""What a message may hold, checked once at the door, and how it looks as HTML."""

import html
import re
from dataclasses import dataclass
from typing import Any, Final

import mistune
import nh3

from inbox.errors import EmptyMessage, MessageTooLong, UnsupportedContent

DEFAULT_MAX_CHARS: Final = 10_000
_MAX_BUTTONS: Final = 10

# Control and invisible characters have no meaning to people and can hide or reorder what they read:
# C0/C1 controls except newline and tab, bidirectional overrides, lone surrogates, the byte-order mark.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\ud800-\udfff]"
)
_BLANK = re.compile(r"[\s\u200c\u200d\u2800\u3164\ufe0f]*")


@dataclass(frozen=True, slots=True)
class Button:
    """A reply that the contact can give with one tap; `payload` is said in its place."""

    title: str
    payload: str


@dataclass(frozen=True, slots=True)
class TextContent:
    """Text, in Markdown if the bot or an agent wrote it."""

    text: str
    buttons: tuple[Button, ...] = ()

    @property
    def in_words(self) -> str:
        """All that people read of it, as one text: what was said, and what was offered with it."""
        return f"{self.text} {' / '.join(button.title for button in self.buttons)}" if self.buttons else self.text

    def to_json(self) -> dict[str, Any]:
        stored: dict[str, Any] = {"kind": "text", "text": self.text}
        if self.buttons:
            stored["buttons"] = [{"title": button.title, "payload": button.payload} for button in self.buttons]
        return stored


@dataclass(frozen=True, slots=True)
class EventContent:
    """Something that happened to the conversation, in words for people and a name for programs."""

    event: str
    text: str

    @property
    def in_words(self) -> str:
        """All that people read of it."""
        return self.text

    def to_json(self) -> dict[str, Any]:
        return {"kind": "event", "event": self.event, "text": self.text}


Content = TextContent | EventContent


def clean_text(text: str) -> str:
    """Text without invisible controls, with plain line ends, trimmed. Nothing that can be read is changed."""
    return _INVISIBLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()


def check_text(text: str, *, max_chars: int = DEFAULT_MAX_CHARS) -> str:
    """Cleans a text that somebody wants to send.

    Raises:
        EmptyMessage: nothing visible is left.
        MessageTooLong: more than `max_chars` characters.
    """
    cleaned = clean_text(text)
    if _BLANK.fullmatch(cleaned):
        raise EmptyMessage
    if len(cleaned) > max_chars:
        raise MessageTooLong(length=len(cleaned), limit=max_chars)
    return cleaned


def parse_content(raw: object, *, max_chars: int = DEFAULT_MAX_CHARS) -> TextContent:
    """Reads content that came over the wire.

    Raises:
        UnsupportedContent: not `{"kind": "text", "text": "…"}`.
        EmptyMessage, MessageTooLong: as check_text.
    """
    if not isinstance(raw, dict) or raw.get("kind", "text") != "text" or not isinstance(raw.get("text"), str):
        raise UnsupportedContent
    return TextContent(check_text(raw["text"], max_chars=max_chars))


class _Renderer(mistune.HTMLRenderer):
    """Shows pictures of this server only. Others become links: a picture that loads by itself tells its server who
    reads, and could carry out what stands in the conversation."""

    def image(self, text: str, url: str, title: str | None = None) -> str:
        if url.startswith("/") and not url.startswith(("//", "/\\")):
            return super().image(text, url, title)
        return super().link(text or html.escape(url), url, title)


_MARKDOWN = mistune.create_markdown(
    renderer=_Renderer(escape=True), escape=True, plugins=["strikethrough", "table", "url"], hard_wrap=True
)
_TAGS: Final = {
    "a", "blockquote", "br", "code", "del", "em", "h1", "h2", "h3", "h4", "hr", "img", "li", "ol", "p", "pre",
    "strong", "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
_ATTRIBUTES: Final = {"a": {"href", "title"}, "img": {"src", "alt", "title"}, "ol": {"start"}}


def render_html(markdown: str) -> str:
    """Markdown as HTML of a small allow-list: the one renderer for the widget, the console and the help centre.

    Raw HTML in the source is shown as text; scripts, styles, event handlers and odd URL schemes cannot pass.
    """
    rendered = _MARKDOWN(markdown)
    assert isinstance(rendered, str)
    return nh3.clean(
        rendered,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        url_schemes={"http", "https", "mailto", "tel"},
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}, "img": {"loading": "lazy"}},
    ).strip()


def plain_text(markdown: str) -> str:
    """What remains of Markdown when nothing can be bold: for lists, notices and channels without markup."""
    rendered = _MARKDOWN(markdown)
    assert isinstance(rendered, str)
    return html.unescape(nh3.clean(rendered, tags=set())).strip()


def preview(text: str, limit: int = 80) -> str:
    """The first line's worth of a text, for lists."""
    flat = " ".join(text.split())
    return flat if len(flat) <= limit else flat[: limit - 1] + "…"
