"""Random requests made from our own OpenAPI document, and random frames: nothing breaks, and all refusals are ours."""

import json
from collections.abc import Iterator
from typing import Any, Final

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, Verbosity, given, settings
from hypothesis import strategies as st

from core.settings import Settings
from tests.administrators import admin_token
from tests.support import ChatSocket, LiveServer, TenantAccess
from tools.error_docs import every_refusal

EXAMPLES: Final = 6  # for each operation and caller
FRAMES: Final = 200
QUICK: Final = settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.generate],
    verbosity=Verbosity.quiet,
    suppress_health_check=list(HealthCheck),
)
CODES: Final = {kind.code for kind in every_refusal()}


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server of its own: random requests leave a mess behind."""
    data_dir = tmp_path_factory.mktemp("fuzz")
    with LiveServer(Settings(data_dir=data_dir, log_level="error", _env_file=None)) as running:
        yield running


@pytest.fixture(scope="module")
def tenant(target: LiveServer) -> TenantAccess:
    return target.make_tenant()


class TestRequests:
    @pytest.mark.parametrize("caller", ["admin", "agent", "visitor", "nobody"])
    def test_no_request_breaks_the_server(
        self, target: LiveServer, tenant: TenantAccess, caller: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        headers = {"Authorization": f"Bearer {token}"} if (token := _token(target, tenant, caller)) else {}
        schema = schemathesis.openapi.from_url(f"{target.base_url}/openapi.json")
        statuses: dict[int, int] = {}
        for found in schema.get_all_operations():
            operation = found.ok()  # type: ignore[union-attr]  # an Err has it too, and raises
            if (operation.method, operation.path) == ("delete", "/api/v1/auth/token"):
                continue  # would sign the caller out of all that follows

            @QUICK
            @given(case=operation.as_strategy())
            def attack(case: Any) -> None:
                answer = case.call(headers=headers, timeout=30)
                statuses[answer.status_code] = statuses.get(answer.status_code, 0) + 1
                assert answer.status_code < 500, (case.as_curl_command(), answer.text)
                if answer.status_code >= 400:
                    assert answer.headers["content-type"] == ["application/problem+json"], answer.headers
                    assert answer.json()["code"] in CODES
                if caller == "nobody" and case.path.startswith("/api/v1") and not _is_open(case.path):
                    assert answer.status_code >= 400, case.as_curl_command()

            attack()
        with capsys.disabled():
            print(f"\nfuzz as {caller}: {sum(statuses.values())} requests, {dict(sorted(statuses.items()))}")
        assert sum(statuses.values()) > 100


JSON: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
FIELDS: Final = ("conversation_id", "client_msg_id", "content", "after_seq", "seq", "note")


def frames(conversation_id: str) -> st.SearchStrategy[str | bytes]:
    """Nonsense, JSON that is no frame, and frames that are almost right."""
    value = JSON | st.just(conversation_id) | st.just({"kind": "text", "text": "你好"})
    kind = st.sampled_from(["send", "sync", "read", "typing", "ping"]) | JSON
    almost = st.fixed_dictionaries({"type": kind}, optional=dict.fromkeys(FIELDS, value))
    return st.text(max_size=60) | st.binary(max_size=60) | JSON.map(json.dumps) | almost.map(json.dumps)


class TestFrames:
    @pytest.mark.parametrize("caller", ["agent", "visitor"])
    def test_connection_survives_every_frame(self, target: LiveServer, tenant: TenantAccess, caller: str) -> None:
        with target.customer(tenant.site_key) as customer:
            token = customer.token if caller == "visitor" else target.sign_in(tenant.agent)
            conversation_id = customer.conversation_id
        refused: set[str] = set()
        with target.socket(token) as raw:
            socket = ChatSocket(raw)

            @settings(QUICK, max_examples=FRAMES)
            @given(frame=frames(conversation_id))
            def attack(frame: str | bytes) -> None:
                raw.send(frame)
                socket.frames.clear()
                raw.send('{"type":"ping"}')
                # A fast machine may send more than a connection may: then that is said, and it is an answer too.
                socket.until(lambda said: said["type"] == "pong" or said.get("code") == "too_many_frames")
                for said in socket.frames:
                    if said["type"] == "error":
                        refused.add(said["code"])
                        assert said["code"] in CODES

            attack()
        assert {"bad_json", "bad_frame", "unknown_type"} <= refused


def _token(server: LiveServer, tenant: TenantAccess, caller: str) -> str | None:
    match caller:
        case "admin":
            return admin_token(server, tenant)
        case "agent":
            return server.sign_in(tenant.agent)
        case "visitor":
            with server.customer(tenant.site_key) as customer:
                return customer.token
        case _:
            return None


def _is_open(path: str) -> bool:
    return path.startswith(("/api/v1/public/", "/api/v1/auth/", "/api/v1/visitor/"))
