"""Headers on every answer, limits on how much, how deep and how often, and who may say where a request comes from."""

import json
import random
from collections.abc import Iterator

import pytest
from websockets.exceptions import ConnectionClosed

from core.settings import Settings
from inbox.content import render_html
from server.bodies import MAX_DEPTH, is_too_deep
from server.limiter import Rate, TooManyRequests, is_exempt
from server.services import Services
from tests.support import ChatSocket, LiveServer, TenantAccess

ALWAYS = {
    "content-security-policy", "x-content-type-options", "referrer-policy", "permissions-policy",
    "cross-origin-opener-policy", "cross-origin-resource-policy",
}  # fmt: skip


def somewhere() -> str:
    """An address that no other test comes from."""
    return "10." + ".".join(str(random.randint(1, 254)) for _ in range(3))


def fill(server: LiveServer, rate: Rate, address: str) -> None:
    """Does from an address what is limited, until it is full; in the process, so that it takes no minute."""

    async def knock(services: Services) -> None:
        with pytest.raises(TooManyRequests):
            for _ in range(2 * rate.value[2]):
                await services.limiter.check(address, (rate, address))

    server.run(knock)


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server that trusts no proxy and names its console's origin."""
    settings = Settings(
        data_dir=tmp_path_factory.mktemp("strict"),
        console_origins="https://kf.example.com/, https://kf2.example.com",
        log_level="warning",
        _env_file=None,
    )
    with LiveServer(settings) as running:
        yield running


class TestHeaders:
    @pytest.mark.parametrize(
        ("method", "path", "status"),
        [
            ("GET", "/", 200),
            ("GET", "/console/anything", 200),
            ("GET", "/static/widget/chat.js", 200),
            ("GET", "/static/no-such-file.js", 404),
            ("GET", "/no/such/page", 404),
            ("GET", "/api/v1/me", 401),
            ("POST", "/api/v1/visitor/sessions", 422),
            ("DELETE", "/api/v1/visitor/sessions", 405),
            ("GET", "/healthz", 200),
            ("GET", "/openapi.json", 200),
        ],
    )
    def test_on_every_answer(self, server: LiveServer, method: str, path: str, status: int) -> None:
        with server.http() as client:
            answer = client.request(method, path)
        assert answer.status_code == status
        assert ALWAYS - set(answer.headers) == set()

    def test_on_preflights_and_unexpected_errors(self, server: LiveServer, monkeypatch: pytest.MonkeyPatch) -> None:
        with server.http() as client:
            asked = {"Origin": "https://shop.example", "Access-Control-Request-Method": "POST"}
            assert ALWAYS - set(client.options("/api/v1/visitor/sessions", headers=asked).headers) == set()

            def broken() -> None:
                raise ZeroDivisionError

            monkeypatch.setattr(server.services.database, "platform_read", broken)
            failed = client.get("/readyz")
        assert failed.status_code == 500
        assert failed.json()["code"] == "internal_error"
        assert ALWAYS - set(failed.headers) == set()

    def test_no_page_may_load_from_or_be_framed_by_others(self, server: LiveServer) -> None:
        with server.http() as client:
            console, chat = client.get("/console"), client.get("/chat/x")
            odd = client.get("/console", headers={"Host": "evil.example; script-src *"})
        assert console.headers["x-frame-options"] == "DENY"
        assert "x-frame-options" not in chat.headers
        policy = console.headers["content-security-policy"]
        assert "https:" not in policy
        assert " ws: " not in policy
        assert "evil" not in odd.headers["content-security-policy"]


class TestBodies:
    @pytest.mark.parametrize("path", ["/api/v1/auth/token", "/api/v1/visitor/sessions", "/webhooks/rest/webhook"])
    def test_too_large_is_413(self, server: LiveServer, path: str) -> None:
        def dripping() -> Iterator[bytes]:
            for _ in range(20):
                yield b"x" * 65_536

        headers = {"Content-Type": "application/json"}
        with server.http() as client:
            answers = [
                client.post(path, content=content, headers=headers) for content in (b"x" * 1_100_000, dripping())
            ]
        for answer in answers:
            assert answer.status_code == 413
            assert answer.json()["code"] == "body_too_large"
            assert answer.headers["content-type"] == "application/problem+json"

    def test_upload_nobody_asked_for_is_counted_too(self, strict: LiveServer) -> None:
        with strict.http() as client:
            small = client.post("/api/v1/auth/token", files={"file": b"x" * 100})
            large = client.post("/api/v1/auth/token", files={"file": b"x" * (51 * 1_048_576)})
        assert small.status_code == 422
        assert large.status_code == 413

    @pytest.mark.parametrize("nested", ["[" * 20_000 + "]" * 20_000, '{"a":' * 5000 + "1" + "}" * 5000])
    def test_too_deep_is_refused(self, server: LiveServer, nested: str) -> None:
        with server.http() as client:
            answer = client.post(
                "/api/v1/visitor/sessions", content=nested, headers={"Content-Type": "application/json"}
            )
        assert answer.status_code == 422
        assert answer.json()["code"] == "body_too_deep"

    def test_brackets_in_strings_do_not_count(self) -> None:
        assert not is_too_deep(json.dumps({"text": '[[["\\' * 100}).encode())
        assert not is_too_deep(json.dumps([[]] * 500).encode())
        assert is_too_deep(b"[" * (MAX_DEPTH + 1))
        assert not is_too_deep(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH)

    def test_deep_frame_leaves_the_connection_open(self, server: LiveServer, shop: TenantAccess) -> None:
        with server.customer(shop.site_key) as customer:
            customer.socket.send("[" * 20_000)
            assert customer.until_type("error")["code"] == "bad_json"
            customer.emit(type="ping")
            customer.until_type("pong")


class TestRates:
    def test_signing_in(self, server: LiveServer, shop: TenantAccess) -> None:
        address = somewhere()
        wrong = {"email": shop.agent, "password": "wrong"}
        with server.http(**{"X-Forwarded-For": address, "Accept-Language": "en"}) as client:
            assert client.post("/api/v1/auth/token", json=wrong).status_code == 401
            fill(server, Rate.SIGN_IN_BY_ADDRESS, address)
            refused = client.post("/api/v1/auth/token", json=wrong)
        assert refused.status_code == 429
        assert refused.json()["code"] == "too_many_requests"
        assert 1 <= int(refused.headers["retry-after"]) <= 60
        assert refused.headers["retry-after"] in refused.json()["detail"]
        assert server.sign_in(shop.agent)  # the owner gets in from elsewhere

    def test_opening_chats(self, server: LiveServer, shop: TenantAccess) -> None:
        address, nowhere = somewhere(), {"site_key": "no-such-site"}
        with server.http(**{"X-Forwarded-For": address}) as client:
            assert client.post("/api/v1/visitor/sessions", json=nowhere).status_code == 404
            fill(server, Rate.SESSION_BY_ADDRESS, address)
            refused = client.post("/api/v1/visitor/sessions", json=nowhere)
        assert refused.status_code == 429
        assert refused.json()["detail"].startswith("操作太频繁")

    def test_messages_of_one_address(self, server: LiveServer, shop: TenantAccess) -> None:
        address = somewhere()
        with server.customer(shop.site_key) as quiet, server.customer(shop.site_key) as loud:
            with server.http(loud.token, **{"X-Forwarded-For": address}) as client:
                path, body = f"/api/v1/conversations/{'0' * 32}/messages", {"content": {"kind": "text", "text": "嗨"}}
                assert client.post(path, json=body).status_code == 404
                fill(server, Rate.MESSAGE_BY_ADDRESS, address)
                assert client.post(path, json=body).json()["code"] == "too_many_requests"
            assert quiet.say("我不受影响")["type"] == "ack"

    def test_this_machine_is_not_limited(self, strict: LiveServer) -> None:
        body = {"site_key": "no-such-site"}
        with strict.http() as client:
            statuses = {client.post("/api/v1/visitor/sessions", json=body).status_code for _ in range(140)}
        assert statuses == {404}

    @pytest.mark.parametrize(
        ("address", "without_proxies", "with_proxies"),
        [
            ("127.0.0.1", True, True),
            ("::1", True, True),
            (None, True, True),
            ("testclient", True, True),
            ("172.18.0.3", True, False),  # may be a proxy in the next container
            ("8.8.8.8", False, False),
        ],
    )
    def test_who_is_exempt(self, address: str | None, without_proxies: bool, with_proxies: bool) -> None:
        assert is_exempt(address, knows_proxies=False) is without_proxies
        assert is_exempt(address, knows_proxies=True) is with_proxies


class TestProxies:
    def test_nobody_is_believed_unless_configured(self, strict: LiveServer) -> None:
        with strict.http(**{"X-Forwarded-For": somewhere()}) as client:
            body = {"site_key": "no-such-site"}
            statuses = {client.post("/api/v1/visitor/sessions", json=body).status_code for _ in range(140)}
        assert statuses == {404}  # still counted as this machine: the header changed nothing

    def test_clients_cannot_put_an_address_before_the_proxys(self, server: LiveServer) -> None:
        real = somewhere()
        fill(server, Rate.SESSION_BY_ADDRESS, real)
        with server.http(**{"X-Forwarded-For": f"{somewhere()}, {real}"}) as client:
            assert client.post("/api/v1/visitor/sessions", json={"site_key": "no-such-site"}).status_code == 429

    def test_setting_that_is_no_network_is_refused(self) -> None:
        with pytest.raises(ValueError, match="YINGDA_TRUSTED_PROXIES"):
            Settings(trusted_proxies="10.0.0.0/8, proxy.local", _env_file=None)


class TestOrigins:
    def test_agents_come_from_the_console_only(self, strict: LiveServer) -> None:
        tenant = strict.make_tenant()
        token = strict.sign_in(tenant.agent)
        for origin in ("https://kf.example.com", "https://kf2.example.com"):
            with strict.socket(token, Origin=origin) as socket:
                ChatSocket(socket).settle()
        with strict.socket(token, Origin="https://evil.example") as socket, pytest.raises(ConnectionClosed) as closed:
            socket.recv(timeout=10)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4403

    def test_programs_and_visitors_of_any_site_are_let_in(self, strict: LiveServer) -> None:
        tenant = strict.make_tenant()
        with strict.console(strict.sign_in(tenant.agent)) as console:
            console.settle()
        with (
            strict.customer(tenant.site_key) as customer,
            strict.socket(customer.token, Origin="https://shop.example") as socket,
        ):
            socket.send('{"type":"ping"}')
            assert json.loads(socket.recv(timeout=10)) == {"type": "pong"}


class TestPictures:
    def test_only_our_own_load_by_themselves(self) -> None:
        assert '<img src="/static/a.png"' in render_html("![图](/static/a.png)")
        for foreign in (
            "http://e.example/x.png",
            "//e.example/x",
            "https://e.example/?leak",
            "data:image/png;base64,AA",
        ):
            assert "<img" not in render_html(f"![图]({foreign})"), foreign
