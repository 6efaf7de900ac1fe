"""More than a thousand hostile texts through everything that shows what somebody wrote, in a real browser.

With the content security policy switched off, so that escaping alone must hold; then with it, so that nothing of ours
needs what it forbids. Each text carries a mark: a sink counts only where the mark was really on the screen.
"""

import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page

from accounts.service import create_user
from core.clock import SystemClock
from core.ids import new_id
from core.settings import Settings
from inbox.content import Button, TextContent
from inbox.conversations import lock_conversation
from inbox.messages import Sender, say
from kb_ingest.importer import import_entries
from retrieval.types import Entry
from server.services import Services
from storage.models import CannedReply, Role, SenderKind, Tenant
from tests.security.payloads import payloads, short_payloads
from tests.support import PASSWORD, LiveServer, TenantAccess

pytestmark = pytest.mark.browser

CLOCK: Final = SystemClock()
A_MESSAGE: Final = 8  # payloads in one message
LAST: Final = "P9999z"  # the mark of each conversation's last message
A_PAGE: Final = 44  # messages in one conversation: what pages load at once

# Calls are noted, never done; what is on the page is looked at through shadow roots too.
WATCH: Final = "window.__ran = []; window.pwn = x => { window.__ran.push(String(x)); return '' }"
SCAN: Final = r"""() => {
  const found = [], bad = /^[\s\x00-\x1f]*(javascript|vbscript|data:text)/i
  const visit = root => { for (const node of root.querySelectorAll('*')) {
    for (const {name, value} of node.attributes) {
      if (/^on/i.test(name) || name === 'srcdoc') found.push(`${node.tagName} ${name}=${value}`)
      const leads = /^(href|src|action|formaction|data|xlink:href|background)$/i.test(name)
      if (leads && bad.test(value)) found.push(`${node.tagName} ${name}=${value}`)
    }
    const forbidden = /^(SCRIPT|BASE|OBJECT|EMBED|IFRAME|META|PORTAL|MATH|STYLE|FORM)$/i.test(node.tagName)
    if (forbidden && node.closest('[role=log], .server-html')) found.push(node.tagName)
    if (node.shadowRoot) visit(node.shadowRoot)
  } }
  visit(document)
  return [...found, ...window.__ran.map(x => `ran ${x}`)]
}"""
TEXT: Final = r"""() => {
  const parts = [], visit = root => { for (const node of root.childNodes) {
    if (node.nodeType === 3) parts.push(node.data)
    if (node.nodeType === 1) {
      if (node.placeholder) parts.push(node.placeholder)
      if (node.title) parts.push(node.title)
      if (node.shadowRoot) visit(node.shadowRoot)
      visit(node)
    } } }
  visit(document.body)
  return parts.join('\n')
}"""


@dataclass
class Watched:
    """A page and everything that it did and should not have."""

    page: Page
    base: str
    harm: list[str] = field(default_factory=list)
    shown: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.page.add_init_script(WATCH)
        self.page.on("dialog", self._dialog)
        self.page.on("request", self._request)
        self.page.on("popup", lambda popup: self.harm.append(f"popup {popup.url}"))

    def _dialog(self, dialog: Any) -> None:
        self.harm.append(f"dialog {dialog.message}")
        dialog.dismiss()

    def _request(self, request: Any) -> None:
        if not request.url.startswith((self.base, self.base.replace("http", "ws"), "data:", "blob:", "about:")):
            self.harm.append(f"foreign request {request.url}")

    def open(self, path: str, until: str = "") -> None:
        """Goes to a page, waits until a mark is shown (or the network is quiet), then looks at it."""
        self.page.goto(path, wait_until="load" if until else "networkidle")
        self.look(until)

    def look(self, until: str = "") -> None:
        if until:
            self.page.wait_for_function(f"mark => ({TEXT})().includes(mark)", arg=until, timeout=20_000)
        self.harm += self.page.evaluate(SCAN)
        self.shown |= set(re.findall(r"\bP\d{4}[a-z]\b", self.page.evaluate(TEXT)))


def marked(kind: str, texts: list[str]) -> list[str]:
    return [f"P{number:04}{kind} {text}" for number, text in enumerate(texts)]


def grouped(texts: list[str]) -> list[str]:
    return ["\n\n".join(texts[start : start + A_MESSAGE]) for start in range(0, len(texts), A_MESSAGE)]


@dataclass(frozen=True)
class Hostile:
    """A tenant in which everything that can be written was written by an attacker."""

    server: LiveServer
    tenant: TenantAccess
    agent: str
    conversations: list[tuple[str, str]]  # id, visitor token
    marks: dict[str, int]  # how many marks of each kind were written


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hostile]:
    settings = Settings(data_dir=tmp_path_factory.mktemp("xss"), log_level="warning", _env_file=None)
    with LiveServer(settings) as server:
        tenant = server.make_tenant()
        token = server.sign_in(tenant.agent)
        written = payloads()
        kinds = {kind: grouped(marked(kind, written)) for kind in "cabn"}  # customer, agent, bot, note
        queue = [
            (kind, text) for texts in zip(*kinds.values(), strict=True) for kind, text in zip(kinds, texts, strict=True)
        ]
        pages = [queue[start : start + A_PAGE] for start in range(0, len(queue), A_PAGE)]
        names = short_payloads(50)[: len(pages)]
        conversations = [
            _converse(server, tenant, token, page, name) for page, name in zip(pages, marked("d", names), strict=True)
        ]
        short = short_payloads(110)
        server.run(lambda services: _poison(services, tenant, short))
        marks = dict.fromkeys("cabn", len(written))
        yield Hostile(server, tenant, server.sign_in(tenant.agent), conversations, marks)


def _converse(
    server: LiveServer, tenant: TenantAccess, agent: str, page: list[tuple[str, str]], name: str
) -> tuple[str, str]:
    attributes = dict(zip(marked("e", short_payloads(30)[:12]), marked("e", short_payloads(110)[100:112]), strict=True))
    body = {
        "site_key": tenant.site_key,
        "contact": {"name": name, "attributes": attributes, "email": "<svg onload=pwn(1)>"},
    }
    with server.http() as client:
        opened = client.post("/api/v1/visitor/sessions", json=body).json()
    place = f"/api/v1/conversations/{opened['conversation_id']}"
    with server.http(opened["token"]) as visitor, server.http(agent) as desk:
        handoff = {
            "reason": "P0000f <img src=x onerror=pwn(1)>",
            "note": "P0001f [x](javascript:pwn(1)) <script>pwn(1)</script>",
        }
        assert desk.post(f"{place}/handoff", json=handoff).status_code == 200
        assert desk.post(f"{place}/accept").status_code == 200
        for kind, text in page:
            content = {"content": {"kind": "text", "text": text}}
            match kind:
                case "c":
                    answer = visitor.post(f"{place}/messages", json=content)
                case "b":
                    server.run(partial(_say_as_bot, tenant.id, opened["conversation_id"], text))
                    continue
                case _:
                    answer = desk.post(f"{place}/messages", json={**content, "note": kind == "n"})
            assert answer.status_code == 201, answer.text
        say = {"content": {"kind": "text", "text": f"{LAST} {name}"}}
        assert visitor.post(f"{place}/messages", json=say).status_code == 201
    return opened["conversation_id"], opened["token"]


async def _say_as_bot(tenant_id: str, conversation_id: str, text: str, services: Services) -> None:
    async with services.database.write(tenant_id) as session:
        conversation = await lock_conversation(session, conversation_id)
        button = Button(f"{text[:5]}g {text[7:60]}", text[:200])
        sender = Sender(SenderKind.BOT, "P0000h <script>pwn(1)</script>")
        await say(session, conversation, sender, TextContent(text, (button,)), now=CLOCK.now())


async def _poison(services: Services, tenant: TenantAccess, texts: list[str]) -> None:
    """Everything that editors and administrators write."""
    entries = [
        Entry(f"k{number}", text, (text,), f"{text}\n\n{text}", f"{text[:40]}/{text[:20]}", (text[:30],))
        for number, text in enumerate(marked("k", texts[:50]))
    ]
    async with services.database.write(tenant.id) as session:
        row = await session.get_one(Tenant, tenant.id)
        row.name = "P0000t <img src=x onerror=pwn(1)>"
        row.settings = {
            "bot_name": "P0001t <svg onload=pwn(1)>",
            "welcome": "P0002t [x](javascript:pwn(1)) <script>pwn(1)</script> ![x](http://evil.invalid/w.png)",
            "ai_notice": "P0003t <iframe srcdoc='<script>parent.pwn(1)</script>'>",
            "service_hours": "P0004t {{constructor.constructor('pwn(1)')()}}",
            "color": "red;background:url(http://evil.invalid/c)",
            "suggestions": marked("s", texts[:60]),
        }
        await import_entries(session, entries, clock=CLOCK)
        for number, text in enumerate(marked("q", texts[60:80])):
            session.add(CannedReply(id=new_id(), title=text, shortcut=f"x{number}", category=text[:70], text=text))
        await create_user(
            session, email=f"{uuid.uuid4().hex}@x.example", name="P0000u <img src=x onerror=pwn(1)>", role=Role.AGENT,
            password=PASSWORD, clock=CLOCK,
        )  # fmt: skip


@contextmanager
def watching(browser: Browser, hostile: Hostile, *, bypass_csp: bool) -> Iterator[Watched]:
    base = hostile.server.base_url
    context = browser.new_context(
        base_url=base, bypass_csp=bypass_csp, viewport={"width": 1400, "height": 16_000}, locale="zh-CN"
    )
    try:
        yield Watched(context.new_page(), base)
    finally:
        context.close()


def _customer_sinks(watched: Watched, hostile: Hostile, conversations: list[tuple[str, str]]) -> None:
    site = hostile.tenant.site_key
    watched.page.goto("/favicon.svg")
    key = f"yingda:{hostile.server.base_url}:{site}:token"
    for _, token in conversations:
        watched.page.evaluate("([key, token]) => localStorage.setItem(key, token)", [key, token])
        watched.open(f"/chat/{site}", until=LAST)
    watched.page.evaluate("localStorage.clear()")
    watched.open(f"/chat/{site}", until="P0059s")  # a new visitor sees what the tenant wrote


def _desk_sinks(watched: Watched, hostile: Hostile, conversations: list[tuple[str, str]]) -> None:
    page = watched.page
    page.goto("/favicon.svg")
    page.evaluate("token => localStorage.setItem('yingda.console.token', token)", hostile.agent)
    for conversation_id, _ in conversations:
        watched.open(f"/console/conversations/{conversation_id}", until=LAST)
    box = page.get_by_placeholder("搜索客户或消息")
    for text in short_payloads(60)[::60]:
        box.fill(text)
        watched.look()
    page.get_by_role("textbox", name=re.compile("回复")).first.fill("/x")
    watched.look()
    watched.open("/console/knowledge", until="P0049k")
    for text in short_payloads(60)[::60]:
        page.get_by_placeholder("搜索问题、相似问、答案").fill(text)
        watched.look()
    page.get_by_placeholder("搜索问题、相似问、答案").fill("P0012k")
    page.get_by_text("P0012k").first.click()
    watched.look(until="P0012k")
    watched.open("/console/overview")


def _address_sinks(watched: Watched, hostile: Hostile) -> None:
    for text in short_payloads(60)[::130]:
        attack = quote(text, safe="")
        watched.open(f"/chat/{hostile.tenant.site_key}?color={attack}&lang={attack}&theme={attack}")
        watched.open(f"/chat/{attack}")
        watched.open(f"/console/{attack}?redirect=javascript:pwn(1)&q={attack}#{attack}")


class TestNothingRuns:
    def test_with_the_policy_switched_off(
        self, browser: Browser, hostile: Hostile, capsys: pytest.CaptureFixture[str]
    ) -> None:
        count = len(payloads())
        assert count >= 1000
        with watching(browser, hostile, bypass_csp=True) as customer:
            _customer_sinks(customer, hostile, hostile.conversations)
        with watching(browser, hostile, bypass_csp=True) as desk:
            _desk_sinks(desk, hostile, hostile.conversations)
        with watching(browser, hostile, bypass_csp=True) as visitor:
            _address_sinks(visitor, hostile)
        assert customer.harm == []
        assert desk.harm == []
        assert visitor.harm == []
        pairs = 0
        for watched, kinds in ((customer, "cab"), (desk, "cabn")):
            for kind in kinds:
                seen = sum(mark.endswith(kind) for mark in watched.shown)
                assert seen >= 0.97 * hostile.marks[kind], (
                    kind,
                    seen,
                )  # Markdown hides a few: link definitions say nothing
                pairs += seen
        assert {mark[-1] for mark in customer.shown} >= set("cabgst")
        assert {mark[-1] for mark in desk.shown} >= set("cabndefgk")
        pairs = len(customer.shown) + len(desk.shown)
        with capsys.disabled():
            print(f"\nxss: {count} payloads, {pairs} payload-sink pairs on the screen, 0 executions without CSP")

    def test_with_the_policy_on_nothing_of_ours_is_forbidden(self, browser: Browser, hostile: Hostile) -> None:
        some = hostile.conversations[::4]
        reports: list[str] = []
        with watching(browser, hostile, bypass_csp=False) as watched:
            watched.page.on(
                "console",
                lambda message: reports.append(message.text) if "Content Security Policy" in message.text else None,
            )
            _customer_sinks(watched, hostile, some)
            _desk_sinks(watched, hostile, some)
        assert watched.harm == []
        assert reports == []

    def test_the_detectors_do_detect(self, browser: Browser, hostile: Hostile) -> None:
        with watching(browser, hostile, bypass_csp=True) as watched:
            watched.page.goto("/favicon.svg")
            watched.page.goto(f"/chat/{hostile.tenant.site_key}")
            watched.page.evaluate(
                "document.body.innerHTML = '<img src=x onerror=pwn(1)><a href=\" javascript:x\">x</a>'"
                " + '<img src=http://evil.invalid/x>'"
            )
            watched.page.wait_for_function("window.__ran.length > 0")
            watched.look()
        harm = " ".join(watched.harm)
        for sign in ("ran 1", "onerror=pwn", "javascript:x", "foreign request http://evil.invalid"):
            assert sign in harm
