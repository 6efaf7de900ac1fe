"""The clients of a run: customers and agents who talk, and whose clients tell the history what they saw."""

import asyncio
import random
import uuid
from typing import Any

import httpx2

from tools.chaos.history import History, Kind, digest_of
from yingda_client import Ack, ChatClient, ChatClosed, Message, Observer, Refused, Unsent

_WORDS = (
    "怎么退货",
    "运费多少",
    "订单还没到",
    "能开发票吗",
    "谢谢",
    "在吗",
    "优惠券用不了",
    "地址填错了",
    "什么时候发货",
)


class Witness(Observer):
    """Writes what one client sees into the history."""

    def __init__(self, name: str, history: History) -> None:
        self._name = name
        self._history = history

    def connected(self) -> None:
        self._history.note(self._name, Kind.CONNECTED)

    def disconnected(self) -> None:
        self._history.note(self._name, Kind.DISCONNECTED)

    def sent(self, unsent: Unsent) -> None:
        self._history.note(
            self._name, Kind.TRY, conversation=unsent.conversation_id, client_msg_id=unsent.client_msg_id
        )

    def acknowledged(self, ack: Ack) -> None:
        self._history.note(
            self._name,
            Kind.ACK,
            conversation=ack.conversation_id,
            client_msg_id=ack.client_msg_id,
            message_id=ack.message_id,
            seq=ack.seq or 0,
        )

    def unanswered(self, client_msg_id: str) -> None:
        self._history.note(self._name, Kind.UNKNOWN, client_msg_id=client_msg_id)

    def refused(self, client_msg_id: str, code: str) -> None:
        self._history.note(self._name, Kind.REFUSED, client_msg_id=client_msg_id, note=code)

    def shown(self, message: Message) -> None:
        self._history.note(
            self._name,
            Kind.SHOWN,
            conversation=message.conversation_id,
            message_id=message.id,
            seq=message.seq or 0,
            digest=digest_of(message.text),
        )

    def synced(self, conversation_id: str, last_seq: int) -> None:
        self._history.note(self._name, Kind.SYNCED, conversation=conversation_id, seq=last_seq)


class Person:
    """Somebody with a client of their own."""

    def __init__(self, name: str, base_url: str, token: str, history: History, seed: int) -> None:
        self.name = name
        self.chance = random.Random(f"{seed}:{name}")
        self.chat = ChatClient(base_url, token, observer=Witness(name, history), ack_seconds=5)
        self.following: list[str] = []
        self._history = history
        self._http = httpx2.AsyncClient(
            base_url=base_url, headers={"Authorization": f"Bearer {token}"}, timeout=10, trust_env=False
        )

    async def leave(self) -> None:
        """Closes the connections."""
        await self._http.aclose()

    def follow(self, conversation: str) -> None:
        """Opens a conversation, to be checked at the end."""
        self._history.note(self.name, Kind.FOLLOW, conversation=conversation)
        self.following.append(conversation)
        self.chat.follow(conversation)

    async def say(self, conversation: str, *, copies: int = 0) -> None:
        """Says something new and waits for its acknowledgement; `copies` of it go out over HTTP at the same time."""
        text = f"{self.chance.choice(_WORDS)} {uuid.uuid4().hex[:8]}"
        client_msg_id = str(uuid.uuid4())
        self._history.note(
            self.name, Kind.INVOKE, conversation=conversation, client_msg_id=client_msg_id, digest=digest_of(text)
        )
        posts = [self._post(conversation, client_msg_id, text) for _ in range(copies)]
        await asyncio.gather(self._send(conversation, client_msg_id, text), *posts)

    async def claim(self, conversation: str, user_id: str) -> None:
        """Tries to get a conversation."""
        answer = await self.ask("POST", f"/api/v1/conversations/{conversation}/accept")
        if answer is not None and answer.status_code in {200, 409}:
            kind = Kind.CLAIM_WON if answer.status_code == 200 else Kind.CLAIM_LOST
            self._history.note(user_id, kind, conversation=conversation)

    async def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> httpx2.Response | None:
        """An HTTP call; None if the server was not there."""
        try:
            return await self._http.request(method, path, json=body)
        except httpx2.HTTPError:
            return None

    async def _send(self, conversation: str, client_msg_id: str, text: str) -> None:
        try:
            await self.chat.send(conversation, text, client_msg_id=client_msg_id)
        except (Refused, ChatClosed):
            return

    async def _post(self, conversation: str, client_msg_id: str, text: str) -> None:
        body = {"client_msg_id": client_msg_id, "content": {"kind": "text", "text": text}}
        self._history.note(self.name, Kind.TRY, conversation=conversation, client_msg_id=client_msg_id, note="copy")
        answer = await self.ask("POST", f"/api/v1/conversations/{conversation}/messages", body)
        if answer is None or answer.status_code not in {200, 201}:
            self._history.note(self.name, Kind.UNKNOWN, client_msg_id=client_msg_id, note="copy")
            return
        stored = answer.json()
        self._history.note(
            self.name,
            Kind.ACK,
            conversation=conversation,
            client_msg_id=client_msg_id,
            message_id=stored["id"],
            seq=stored["seq"],
        )
