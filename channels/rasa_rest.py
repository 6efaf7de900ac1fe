"""The REST channel of Rasa: any Rasa client can talk to our bot.

Source of the shapes: Rasa 3.x `RestInput` and `CollectingOutputChannel` (`{sender, message}` in, a list of
`{recipient_id, text, buttons?}` out). What the channel cannot show degrades: events become text.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

CHANNEL = "rasa_rest"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """Something to say to a sender."""

    text: str
    buttons: Sequence[tuple[str, str]] = ()  # title, payload


def external_id(sender: str) -> str:
    """The name by which this channel's contacts are kept apart from those of others in the same inbox."""
    return f"rest:{sender}"


def response(sender: str, messages: Sequence[Outgoing]) -> list[dict[str, Any]]:
    """The channel's answer."""
    answer: list[dict[str, Any]] = []
    for message in messages:
        item: dict[str, Any] = {"recipient_id": sender, "text": message.text}
        if message.buttons:
            item["buttons"] = [{"title": title, "payload": payload} for title, payload in message.buttons]
        answer.append(item)
    return answer
