"""The authorisation matrix: every route and socket command × everybody × own, foreign and absent objects.

Generated from the routes of the application. A cell passes if the status is right, if foreign and absent objects give
byte-identical answers, and if no row of the other tenant has changed. A new route needs a body here (`SAMPLES`), or the
matrix fails; nothing else has to be written for it.
"""

import re
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest

from accounts.permissions import Permission as P
from server.app import create_app
from server.policy import POLICY, SOCKET, Rule, routes_of
from storage.models import Role
from tests.security.world import (
    ABSENT,
    Knocker,
    World,
    build_world,
    checksum,
    fresh_api_key,
    fresh_contact,
    fresh_identity_key,
    knockers,
    strangers,
)
from tests.support import ChatSocket, LiveServer

Route = tuple[str, str]
PARAMETER = re.compile(r"{(\w+)(?::path)?}")
DENIED = {"forbidden", "not_for_api_keys", "unauthenticated"}  # wrong_password is no denial: one was let in to be told


def _unique() -> str:
    return uuid.uuid4().hex[:10]


@dataclass(frozen=True)
class Sample:
    """A body for a route; `permission` where the body decides what it takes; `fresh` if it ends the session."""

    body: Callable[[World], Any] = lambda world: None
    permission: P | None = None
    fresh: bool = False


def body(value: Any) -> Sample:
    return Sample(lambda world: value)


_TEXT = {"kind": "text", "text": "您好"}
# What to send. Routes without a body (GET, DELETE) need no line.
SAMPLES: Mapping[Route, list[Sample]] = {
    ("POST", "/api/v1/auth/token"): [body({"email": "nobody@nowhere.example", "password": "x"})],
    ("DELETE", "/api/v1/auth/token"): [Sample(fresh=True)],
    ("POST", "/api/v1/auth/links"): [body({"token": "ydl_x", "password": "x"})],
    ("POST", "/api/v1/setup"): [
        body(
            {
                "token": "yds_x",
                "tenant": {"slug": "x", "name": "x"},
                "admin": {"email": "a@b.example", "password": "x"},
            }
        )
    ],
    ("PUT", "/api/v1/me/presence"): [body({"presence": "online"})],
    ("PUT", "/api/v1/me/password"): [body({"current_password": "wrong", "new_password": "x"})],
    ("POST", "/api/v1/me/second-factor"): [body({"password": "wrong"})],
    ("POST", "/api/v1/me/second-factor/confirm"): [body({"code": "123456"})],
    ("POST", "/api/v1/me/second-factor/remove"): [body({"password": "wrong"})],
    ("POST", "/api/v1/members"): [
        Sample(lambda world: {"email": f"{_unique()}@matrix.example", "name": "新", "role": "read_only"})
    ],
    ("PATCH", "/api/v1/members/{member_id}"): [body({"name": "改名"})],
    ("POST", "/api/v1/members/{member_id}/reset"): [body({})],
    ("POST", "/api/v1/roles"): [Sample(lambda world: {"name": _unique(), "permissions": ["stats.read"]})],
    ("PATCH", "/api/v1/roles/{role_id}"): [Sample(lambda world: {"name": _unique()})],
    ("POST", "/api/v1/api-keys"): [body({"name": "k", "scopes": []})],
    ("PUT", "/api/v1/tenant/security"): [body({"password_rules": "nist"})],
    ("POST", "/api/v1/platform/tenants"): [
        Sample(lambda world: {"tenant": {"slug": _unique(), "name": "x"}, "admin": {"email": "a@b.example"}})
    ],
    ("PATCH", "/api/v1/inboxes/{inbox_id}"): [body({"identity": "optional"})],
    ("POST", "/api/v1/inboxes/{inbox_id}/identity-keys"): [body({"algorithm": "HS256"})],
    ("POST", "/api/v1/visitor/sessions"): [body({"site_key": "nobody"})],
    ("POST", "/webhooks/rest/webhook"): [body({"sender": "x", "message": "你好"})],
    ("POST", "/api/v1/conversations/{conversation_id}/messages"): [
        Sample(lambda world: {"content": _TEXT}, P.CONVERSATION_REPLY),
        Sample(lambda world: {"content": _TEXT, "note": True}, P.CONVERSATION_NOTE),
    ],
    ("POST", "/api/v1/conversations/{conversation_id}/handoff"): [body({"reason": "想找人"})],
    ("POST", "/api/v1/conversations/{conversation_id}/accept"): [body(None)],
    ("POST", "/api/v1/conversations/{conversation_id}/transfer"): [Sample(lambda world: {"agent_id": world.agent.id})],
    ("POST", "/api/v1/conversations/{conversation_id}/resolve"): [body(None)],
    ("POST", "/api/v1/conversations/{conversation_id}/reopen"): [body(None)],
    ("POST", "/api/v1/conversations/{conversation_id}/return-to-bot"): [body(None)],
    ("POST", "/api/v1/contacts/{contact_id}/reveal"): [body({"field": "phone", "reason": "回电"})],
    ("POST", "/api/v1/contacts/{contact_id}/erase"): [body({"reason": "person_asked"})],
    ("PUT", "/api/v1/retention"): [body({"conversations": None, "answer_traces": 90, "contacts": None})],
    ("POST", "/api/v1/knowledge/imports"): [body(None)],
    ("POST", "/api/v1/contacts/{contact_id}/merge"): [Sample(lambda world: {"source_id": world.ids["contact_id"]})],
    ("POST", "/api/v1/contact-merges/{merge_id}/undo"): [body(None)],
    ("POST", "/api/v1/answer"): [body({"text": "怎么核对暗号"})],
}
# Objects that a permitted call uses up: the matrix makes a new one for each such cell.
FRESH: Mapping[Route, Callable[[LiveServer, World, Knocker], dict[str, str]]] = {
    ("POST", "/api/v1/contacts/{contact_id}/erase"): lambda server, world, who: {
        "contact_id": fresh_contact(server, world)
    },
    ("DELETE", "/api/v1/api-keys/{key_id}"): lambda server, world, who: {"key_id": fresh_api_key(server, world)},
    ("DELETE", "/api/v1/inboxes/{inbox_id}/identity-keys/{key_id}"): lambda server, world, who: {
        "key_id": fresh_identity_key(server, world)
    },
    ("DELETE", "/api/v1/me/sessions/{session_id}"): lambda server, world, who: {"session_id": who.fresh_session()[1]},
}


class Matrix:
    """Plays cells against a server, and keeps what was wrong."""

    def __init__(self, server: LiveServer) -> None:
        self.server = server
        self.client = server.http()
        self.cells: Counter[str] = Counter()
        self.wrong: list[str] = []
        self.routes = sorted(routes_of(create_app(services=server.services)))

    def note(self, phase: str, *, ok: bool, what: str) -> None:
        self.cells[phase] += 1
        if not ok:
            self.wrong.append(f"[{phase}] {what}")

    def call(self, token: str | None, method: str, path: str, payload: Any) -> httpx2.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return self.client.request(method, path, json=payload, headers=headers)

    def foreign_and_absent(self, who: Knocker, home: World, foreign: World) -> None:
        """Every route that names an object, with another tenant's ids and with absent ones."""
        for route in self.routes:
            rule = POLICY[route]
            if rule.is_public or not PARAMETER.search(route[1]):
                continue
            for sample in samples(route):
                payload = sample.body(home)
                one = self.call(who.token, route[0], fill(route, foreign.ids_for(route[1])), payload)
                what = f"{who.name}: {route} → {one.status_code} {one.text[:120]}"
                self.note("foreign", ok=one.status_code == (denial(who, rule, sample) or 404), what=what)
                if not who.is_known:
                    continue  # refused before anybody looks at the id
                other = self.call(who.token, route[0], fill(route, {}), payload)
                same = (other.status_code, other.content) == (one.status_code, one.content)
                self.note("absent", ok=same, what=f"{what} but absent {other.status_code} {other.text[:120]}")

    def own(self, who: Knocker, home: World) -> None:
        """Every route, with objects of the own tenant; for a contact, somebody else's unless it owns them."""
        for route in self.routes:
            rule = POLICY[route]
            for sample in samples(route):
                refused = 0 if rule.is_public else denial(who, rule, sample)
                ids, token = home.ids_for(route[1]), who.token
                if not refused and route in FRESH:
                    ids |= FRESH[route](self.server, home, who)
                if not refused and sample.fresh:
                    token = who.fresh_session()[0]
                answer = self.call(token, route[0], fill(route, ids), sample.body(home))
                what = f"{who.name}: {route} → {answer.status_code} {answer.text[:160]}"
                self.note("own", ok=is_right(who, rule, refused, answer), what=what)

    def extra_fields(self, who: Knocker, home: World, foreign: World) -> None:
        """Mass assignment: fields that only the server may set are refused in every body that has fields."""
        for route in self.routes:
            if route == ("POST", "/webhooks/rest/webhook"):
                continue  # Rasa clients send fields of their own; the test below shows that they do nothing
            for sample in samples(route):
                payload = sample.body(home)
                if not isinstance(payload, dict):
                    continue
                for name, value in (
                    ("tenant_id", foreign.tenant.id), ("id", "x"), ("seq", 1), ("sender", {"kind": "system"}),
                    ("is_built_in", True), ("user_id", foreign.admin.id), ("password_hash", "x"), ("scopes_all", True),
                ):  # fmt: skip
                    answer = self.call(
                        who.token, route[0], fill(route, home.ids_for(route[1])), {**payload, name: value}
                    )
                    ok = answer.status_code == 422 and code_of(answer) == "validation_error"
                    self.note("mass assignment", ok=ok, what=f"{route} with {name} → {answer.status_code}")

    def socket_commands(self, who: Knocker, home: World, foreign: World) -> None:
        """Every command, with own, foreign and absent conversations."""
        if not who.is_known or denial(who, SOCKET, Sample()):
            with pytest.raises(Exception, match=r"4401|4403"), self.server.socket(who.token or "") as socket:
                socket.recv(timeout=10)
            self.note("socket", ok=True, what=who.name)
            return
        with self.server.console(str(who.token)) as console:
            for command, permission in COMMANDS:
                may = who.permissions is None or permission in who.permissions
                answers = {}
                for target, conversation_id in (
                    ("foreign", foreign.ids["conversation_id"]),
                    ("absent", ABSENT),
                    ("own", home.ids["conversation_id"]),
                ):
                    if target == "own" and who.permissions is None and not who.owns_conversation:
                        conversation_id = foreign.ids["conversation_id"]  # one's own tenant, but not one's own
                    answers[target] = _answer(console, command, conversation_id)
                expected = "not_found" if may else "forbidden"
                refused = answers["foreign"] == answers["absent"] and answers["foreign"].get("code") == expected
                self.note("socket", ok=refused, what=f"{who.name}: {command['type']} foreign {answers['foreign']}")
                self.note("socket", ok=refused, what=f"{who.name}: {command['type']} absent {answers['absent']}")
                is_stranger = who.permissions is None and not who.owns_conversation
                code = answers["own"].get("code")
                right = code == "not_found" if is_stranger else (code not in DENIED | {"not_found"}) is may
                self.note("socket", ok=right, what=f"{who.name}: {command['type']} own {answers['own']}")


COMMANDS: list[tuple[dict[str, Any], P]] = [
    ({"type": "send", "client_msg_id": "m", "content": _TEXT}, P.CONVERSATION_REPLY),
    ({"type": "send", "client_msg_id": "n", "content": _TEXT, "note": True}, P.CONVERSATION_NOTE),
    ({"type": "sync", "after_seq": 0}, P.CONVERSATION_READ),
    ({"type": "read", "seq": 1}, P.CONVERSATION_REPLY),
    ({"type": "typing"}, P.CONVERSATION_REPLY),
]


def _answer(console: ChatSocket, command: dict[str, Any], conversation_id: str) -> dict[str, Any]:
    """What a command is answered with: its refusal, or nothing of that kind until the next pong."""
    before = len(console.frames)
    console.emit(**command, conversation_id=conversation_id)
    if command["type"] == "send":  # stored with others in one transaction: its answer may come after the next pong
        console.until(lambda frame: frame["type"] in {"ack", "error"})
    console.settle()
    errors = [frame for frame in console.frames[before:] if frame["type"] == "error"]
    return errors[0] if errors else {}


def samples(route: Route) -> list[Sample]:
    if route in SAMPLES:
        return SAMPLES[route]
    assert route[0] in {"GET", "DELETE"}, f"{route} needs a body in SAMPLES"
    return [Sample()]


def fill(route: Route, ids: Mapping[str, str]) -> str:
    """The path with ids in it, absent ones where there is none."""
    return PARAMETER.sub(lambda found: ids.get(found[1], ABSENT), route[1])


def denial(who: Knocker, rule: Rule, sample: Sample) -> int:
    """401, 403 or 0: what the roles say about this caller, worked out here once more."""
    if not who.is_known:
        return 401
    if who.permissions is None:
        return 0 if rule.for_visitors else 403
    if who.is_api_key and not rule.for_api_keys:
        return 403
    needed = {sample.permission} if sample.permission else set(rule.permissions)
    return 403 if needed and not needed & who.permissions else 0


def code_of(answer: httpx2.Response) -> str | None:
    """The code of a refusal."""
    if answer.headers.get("content-type") != "application/problem+json":
        return None
    code: str = answer.json()["code"]
    return code


def is_right(who: Knocker, rule: Rule, refused: int, answer: httpx2.Response) -> bool:
    code = code_of(answer)
    if refused:
        return answer.status_code == refused and code in DENIED
    if rule.is_public:
        return answer.status_code < 500 and code not in DENIED
    if who.permissions is None and not who.owns_conversation:
        return answer.status_code == 404
    return answer.status_code < 500 and answer.status_code != 404 and code not in DENIED


@dataclass
class Board:
    """Both tenants and everybody."""

    matrix: Matrix
    home: World
    foreign: World
    everybody: list[Knocker]


@pytest.fixture(scope="module")
def board(server: LiveServer) -> Iterator[Board]:
    home, foreign = build_world(server), build_world(server)
    matrix = Matrix(server)
    yield Board(matrix, home, foreign, knockers(server, home))
    matrix.client.close()


def test_every_cell(board: Board, capsys: pytest.CaptureFixture[str]) -> None:
    matrix, home, foreign = board.matrix, board.home, board.foreign
    started = time.perf_counter()
    before = checksum(matrix.server, foreign.tenant.id)
    for who in board.everybody:
        matrix.foreign_and_absent(who, home, foreign)
        matrix.socket_commands(who, home, foreign)
    for who in board.everybody:
        matrix.own(who, home)
    matrix.extra_fields(board.everybody[0], home, foreign)  # the operator, who is let in everywhere
    assert checksum(matrix.server, foreign.tenant.id) == before, "a row of the other tenant has changed"
    mine = checksum(matrix.server, home.tenant.id)
    for who in strangers(matrix.server, foreign):
        matrix.foreign_and_absent(who, foreign, home)
        matrix.socket_commands(who, foreign, home)
    assert checksum(matrix.server, home.tenant.id) == mine, "strangers have changed a row"
    seconds = time.perf_counter() - started
    with capsys.disabled():
        print(f"\nauthorisation matrix: {matrix.cells.total()} cells {dict(matrix.cells)} in {seconds:.0f} s")
    assert matrix.wrong == []
    assert matrix.cells.total() > 3000


def test_ids_in_bodies_and_queries(board: Board) -> None:
    """Another tenant's id, wherever it can be put, does exactly what an absent one does."""
    matrix, home, foreign = board.matrix, board.home, board.foreign
    own, token = home.ids, home.admin.token
    before = checksum(matrix.server, foreign.tenant.id)
    attacks: list[tuple[str, str, Callable[[str], Any], str]] = [
        ("POST", "/api/v1/answer", lambda i: {"text": "暗号", "conversation_id": i}, foreign.ids["conversation_id"]),
        (
            "POST",
            f"/api/v1/conversations/{own['conversation_id']}/transfer",
            lambda i: {"agent_id": i},
            foreign.agent.id,
        ),
        ("POST", f"/api/v1/contacts/{own['contact_id']}/merge", lambda i: {"source_id": i}, foreign.ids["contact_id"]),
        (
            "POST",
            "/api/v1/members",
            lambda i: {"email": "x@matrix.example", "name": "x", "role": i},
            foreign.ids["role_id"],
        ),
        ("PATCH", f"/api/v1/members/{own['member_id']}", lambda i: {"role": i}, foreign.ids["role_id"]),
        ("GET", "/api/v1/conversations?contact_id={}", lambda i: None, foreign.ids["contact_id"]),
        ("GET", "/api/v1/conversations?q={}", lambda i: None, foreign.ids["entry_id"]),
        ("GET", "/api/v1/kb/entries?q={}", lambda i: None, foreign.ids["entry_id"]),
        ("GET", "/api/v1/conversations?cursor=2999-01-01T00:00:00%2B00:00_{}&q=zzz", lambda i: None, ABSENT[:-1] + "1"),
        (
            "DELETE",
            f"/api/v1/inboxes/{own['inbox_id']}/identity-keys/{{}}",
            lambda i: None,
            foreign.ids["identity_key_id"],
        ),
        (
            "DELETE",
            f"/api/v1/inboxes/{{}}/identity-keys/{own['identity_key_id']}",
            lambda i: None,
            foreign.ids["inbox_id"],
        ),
        ("DELETE", "/api/v1/me/sessions/{}", lambda i: None, foreign.ids["session_id"]),
    ]
    for method, path, payload, target in attacks:
        answers = [matrix.call(token, method, path.format(one), payload(one)) for one in (target, ABSENT)]
        assert answers[0].status_code == answers[1].status_code, (path, answers[0].text)
        assert answers[0].content == answers[1].content, path
        assert answers[0].status_code in {200, 404}
    assert checksum(matrix.server, foreign.tenant.id) == before


def test_message_is_what_the_server_says_not_what_the_body_says(board: Board) -> None:
    matrix, home, foreign = board.matrix, board.home, board.foreign
    content = {
        **_TEXT, "html": "<img src=x onerror=alert(1)>", "seq": 999, "sender": {"kind": "system"},
        "tenant_id": foreign.tenant.id, "event": "handoff.accepted",
    }  # fmt: skip
    path = f"/api/v1/conversations/{home.ids['conversation_id']}/messages"
    said = matrix.call(home.visitor, "POST", path, {"content": content}).json()
    assert said["sender"]["kind"] == "customer"
    assert said["seq"] < 999
    assert said["content"] == _TEXT
    rest = {"sender": "r", "message": "你好", "tenant_id": foreign.tenant.id, "seq": 9}
    site = {"X-Site-Key": home.tenant.site_key}
    before = checksum(matrix.server, foreign.tenant.id)
    assert matrix.client.post("/webhooks/rest/webhook", json=rest, headers=site).status_code == 200
    assert checksum(matrix.server, foreign.tenant.id) == before


def test_builtin_roles_are_what_the_matrix_was_played_with(board: Board) -> None:
    assert {str(role) for role in Role} <= {who.name for who in board.everybody}
    assert len(board.everybody) >= 16
