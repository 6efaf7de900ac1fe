"""What tests use to enter by the users' doors: a real server on a real port, a customer, an agent."""

import asyncio
import json
import threading
import uuid
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx2
import uvicorn
from websockets.sync.client import ClientConnection, connect

from accounts.service import create_tenant, create_user
from accounts.tokens import issue_agent_token
from core.clock import SystemClock
from core.ids import new_id
from core.logs import configure_logs
from core.settings import Settings
from kb_ingest.importer import import_entries
from kb_ingest.jsonl import read_entries
from retrieval.types import Entry
from server.app import create_app
from server.services import Services
from storage.migrate import upgrade_to_head
from storage.models import CannedReply, Inbox, Role

T = TypeVar("T")
PASSWORD = "correct horse battery"
WAIT = 30  # seconds until a test gives up on a frame; never slept, only waited

ENTRIES = tuple(read_entries(Path(__file__).parent / "fixtures" / "shop.jsonl").entries)


@dataclass(frozen=True)
class TenantAccess:
    """What a test needs to act in a tenant."""

    id: str
    slug: str
    site_key: str
    agent: str
    agent2: str
    editor: str


@dataclass(frozen=True)
class Member:
    """A person of a tenant, signed in."""

    id: str
    email: str
    token: str


class LiveServer:
    """The real application under uvicorn in a thread of its own, on a port that the system chose."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.services = Services.build(settings)
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._server: uvicorn.Server | None = None
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="live-server", daemon=True)
        self.base_url = ""

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(120), "the server did not start"
        if self._failure is not None:
            raise self._failure
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.should_exit = True
        self._thread.join(30)

    def run(self, work: Callable[[Services], Awaitable[T]]) -> T:
        """Runs something against the services on the server's own event loop."""
        assert self._loop is not None

        async def job() -> T:
            return await work(self.services)

        return asyncio.run_coroutine_threadsafe(job(), self._loop).result(60)

    def http(self, token: str | None = None, **headers: str) -> httpx2.Client:
        """An HTTP client of this server, with a bearer token if one is given."""
        if token:
            headers["Authorization"] = f"Bearer {token}"
        return httpx2.Client(base_url=self.base_url, headers=headers, timeout=30)

    def make_tenant(self, entries: tuple[Entry, ...] = ENTRIES) -> TenantAccess:
        """A fresh tenant with a site, two agents, an editor and knowledge."""
        slug, site_key = f"t-{uuid.uuid4().hex[:12]}", f"site-{uuid.uuid4().hex[:12]}"
        emails = [f"{name}@{slug}.example" for name in ("agent", "agent2", "editor")]

        async def make(services: Services) -> str:
            clock = SystemClock()
            settings: dict[str, object] = {"bot_name": "小测", "suggestions": ["怎么退货"]}
            tenant = await create_tenant(services.database, slug=slug, name="测试公司", settings=settings, clock=clock)
            async with services.database.write(tenant.id) as session:
                for email, name, role in zip(
                    emails, ("小林", "阿哲", "文编辑"), (Role.AGENT, Role.AGENT, Role.EDITOR), strict=True
                ):
                    await create_user(session, email=email, name=name, role=role, password=PASSWORD, clock=clock)
                session.add(
                    Inbox(
                        id=new_id(), name="网站", channel="web", site_key=site_key, settings={}, created_at=clock.now()
                    )
                )
                session.add(
                    CannedReply(id=new_id(), title="问候", shortcut="hi", category="通用", text="您好 {contact}")
                )
                await import_entries(session, entries, clock=clock)
            return tenant.id

        return TenantAccess(self.run(make), slug, site_key, *emails)

    def member(self, tenant: TenantAccess, role: str, password: str = PASSWORD) -> "Member":
        """A new member with a role, signed in."""

        async def make(services: Services) -> Member:
            email = f"{role[:12]}-{uuid.uuid4().hex[:8]}@{tenant.slug}.example"
            async with services.database.write(tenant.id) as session:
                user = await create_user(
                    session, email=email, name=f"成员 {role}", role=role, password=password, clock=services.clock
                )
                token = issue_agent_token(session, user, clock=services.clock, lifetime=timedelta(hours=12))
            return Member(user.id, email, token)

        return self.run(make)

    def sign_in(self, email: str, password: str = PASSWORD) -> str:
        """An agent's access token."""
        with self.http() as client:
            answer = client.post("/api/v1/auth/token", json={"email": email, "password": password})
        assert answer.status_code == 200, answer.text
        token: str = answer.json()["access_token"]
        return token

    @contextmanager
    def customer(self, site_key: str, token: str | None = None) -> Iterator["Customer"]:
        """A customer with an open chat."""
        with self.http() as client:
            body = {"site_key": site_key} | ({"token": token} if token else {})
            session = client.post("/api/v1/visitor/sessions", json=body)
        assert session.status_code == 200, session.text
        opened = session.json()
        with self.socket(opened["token"]) as socket:
            yield Customer(socket, opened["token"], opened["conversation_id"], opened["contact_id"])

    @contextmanager
    def console(self, token: str) -> Iterator["ChatSocket"]:
        """An agent's live connection."""
        with self.socket(token) as socket:
            yield ChatSocket(socket)

    @contextmanager
    def socket(self, token: str, **headers: str) -> Iterator[ClientConnection]:
        """A raw chat socket."""
        url = f"{self.base_url.replace('http', 'ws')}/ws/v1?token={token}"
        with connect(url, additional_headers=headers, max_size=2**24, compression=None) as socket:
            yield socket

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:
            self._failure = error
            self._ready.set()

    async def _serve(self) -> None:
        configure_logs("error", "json")
        self._loop = asyncio.get_running_loop()
        await upgrade_to_head(self.services.database)
        config = uvicorn.Config(
            create_app(services=self.services),
            port=0,
            log_level="warning",
            log_config=None,
            proxy_headers=False,
            access_log=False,
            ws_per_message_deflate=False,
            timeout_graceful_shutdown=2,
        )
        self._server = uvicorn.Server(config)
        serving = asyncio.create_task(self._server.serve())
        while not self._server.started:
            if serving.done():
                serving.result()
                raise RuntimeError("the server stopped while starting")
            await asyncio.sleep(0.01)
        port = self._server.servers[0].sockets[0].getsockname()[1]
        self.base_url = f"http://127.0.0.1:{port}"
        self._ready.set()
        await serving


@dataclass
class ChatSocket:
    """A chat socket that remembers what it has received."""

    socket: ClientConnection
    frames: list[dict[str, Any]] = field(default_factory=list)

    def emit(self, **frame: Any) -> None:
        self.socket.send(json.dumps(frame, ensure_ascii=False))

    def until(self, wanted: Callable[[dict[str, Any]], bool], timeout: float = WAIT) -> dict[str, Any]:
        """Reads frames until one is wanted; fails after `timeout` seconds."""
        while True:
            frame: dict[str, Any] = json.loads(self.socket.recv(timeout=timeout))
            self.frames.append(frame)
            if wanted(frame):
                return frame

    def until_type(self, kind: str) -> dict[str, Any]:
        return self.until(lambda frame: frame["type"] == kind)

    def until_event(self, name: str) -> dict[str, Any]:
        return self.until(lambda frame: frame.get("event") == name)

    def until_message(self, sender: str) -> dict[str, Any]:
        """The next message of a kind of sender."""
        frame = self.until(lambda frame: frame["type"] == "message" and frame["message"]["sender"]["kind"] == sender)
        message: dict[str, Any] = frame["message"]
        return message

    def settle(self) -> list[dict[str, Any]]:
        """Everything received up to now: a ping's answer comes after all that was sent before it."""
        self.emit(type="ping")
        self.until_type("pong")
        return self.frames


@dataclass
class Customer(ChatSocket):
    """A customer's socket in its own conversation."""

    token: str = ""
    conversation_id: str = ""
    contact_id: str = ""

    def __init__(self, socket: ClientConnection, token: str, conversation_id: str, contact_id: str) -> None:
        super().__init__(socket)
        self.token, self.conversation_id, self.contact_id = token, conversation_id, contact_id

    def send(self, text: Any, client_msg_id: str | None = None) -> str:
        """Sends a message without waiting; returns its client_msg_id."""
        client_msg_id = client_msg_id or str(uuid.uuid4())
        content = {"kind": "text", "text": text}
        self.emit(type="send", client_msg_id=client_msg_id, conversation_id=self.conversation_id, content=content)
        return client_msg_id

    def say(self, text: str) -> dict[str, Any]:
        """Sends a message and returns its acknowledgement."""
        client_msg_id = self.send(text)
        return self.until(lambda frame: frame["type"] == "ack" and frame["client_msg_id"] == client_msg_id)

    def ask(self, text: str) -> dict[str, Any]:
        """Says something and returns the bot's message."""
        self.say(text)
        return self.until_message("bot")
