"""The Python client of 应答 Yingda: `ChatClient` talks, `open_chat` and `sign_in` get its token. See docs/sdk.md.

Stands alone: imports none of the server's packages, so that it can be copied into another project as it is.
"""

from yingda_client.client import ChatClient, ChatClosed, Observer, Refused
from yingda_client.frames import Ack, Message
from yingda_client.outbox import FileOutbox, MemoryOutbox, Outbox, Unsent
from yingda_client.sessions import OpenedChat, open_chat, sign_in

__all__ = [
    "Ack",
    "ChatClient",
    "ChatClosed",
    "FileOutbox",
    "MemoryOutbox",
    "Message",
    "Observer",
    "OpenedChat",
    "Outbox",
    "Refused",
    "Unsent",
    "open_chat",
    "sign_in",
]
