"""Signing in: what it tells, how guessing is slowed down, the second factor, and the rules for passwords."""

import statistics
import time
import uuid
from collections.abc import Callable
from datetime import timedelta

import httpx2
import pyotp
import pytest
from sqlalchemy import update

from server.services import Services
from storage.models import Role, SecondFactor, SignInAttempt, User
from tests.support import PASSWORD, LiveServer, Member, TenantAccess

NEW = "下雨天记得收阳台上的被子哦"  # 13 characters: enough only beside a second factor
LONG = "下雨天记得收阳台上的被子不然要重洗"


def sign_in(server: LiveServer, email: str, password: str, address: str = "127.0.0.1", **more: str) -> httpx2.Response:
    transport = httpx2.HTTPTransport(local_address=address)
    with httpx2.Client(base_url=server.base_url, transport=transport, timeout=30) as client:
        return client.post("/api/v1/auth/token", json={"email": email, "password": password, **more})


@pytest.fixture
def person(server: LiveServer, shop: TenantAccess) -> Member:
    return server.member(shop, Role.AGENT)


def until_refused(attempt: Callable[[], httpx2.Response]) -> httpx2.Response:
    """Tries until one comes too early: the sixth, or on a machine slower than the first wait, a few more."""
    answers: list[httpx2.Response] = []
    while not answers or answers[-1].status_code == 401:
        answers.append(attempt())
        assert len(answers) <= 10, "nobody slows this down"
    assert answers[-1].status_code == 429
    assert len(answers) > 5
    return answers[-1]


class TestGuessing:
    def test_unknown_account_answers_the_same_and_takes_as_long(self, server: LiveServer, person: Member) -> None:
        def tried(email: str) -> tuple[bytes, float]:
            started = time.perf_counter()
            answer = sign_in(server, email, "wrong password, truly")
            return answer.content, time.perf_counter() - started

        known = [tried(person.email) for _ in range(5)]
        unknown = [tried(f"{uuid.uuid4().hex}@nobody.example") for _ in range(5)]
        assert {content for content, _ in known} == {content for content, _ in unknown}
        times = [statistics.median(seconds for _, seconds in tries) for tries in (known, unknown)]
        assert times[1] > times[0] * 0.4  # one argon2 each; without it an answer takes a twentieth

    def test_guesser_waits_and_the_owner_elsewhere_does_not(self, server: LiveServer, person: Member) -> None:
        refused = until_refused(lambda: sign_in(server, person.email, "wrong"))
        assert refused.json()["code"] == "too_many_attempts"
        assert sign_in(server, person.email, PASSWORD).status_code == 429
        assert 1 <= int(refused.headers["retry-after"]) <= 60
        assert sign_in(server, person.email, PASSWORD, address="127.0.0.2").status_code == 200

        async def wait_over(services: Services) -> None:
            async with services.database.platform_write() as session:
                later = services.clock.now() - timedelta(seconds=61)
                await session.execute(update(SignInAttempt).values(last_at=later))

        server.run(wait_over)
        assert sign_in(server, person.email, PASSWORD).status_code == 200  # and success forgets the count
        assert sign_in(server, person.email, "wrong").status_code == 401

    def test_accounts_that_do_not_exist_are_slowed_down_alike(self, server: LiveServer) -> None:
        email = f"{uuid.uuid4().hex}@nobody.example"
        until_refused(lambda: sign_in(server, email, "wrong"))


def enrol(server: LiveServer, person: Member) -> tuple[pyotp.TOTP, list[str]]:
    with server.http(person.token) as client:
        started = client.post("/api/v1/me/second-factor", json={"password": PASSWORD})
        totp = pyotp.TOTP(started.json()["secret"])
        assert "otpauth://totp/" in started.json()["uri"]
        confirmed = client.post("/api/v1/me/second-factor/confirm", json={"code": totp.now()})
        assert confirmed.status_code == 200, confirmed.text
    codes: list[str] = confirmed.json()["recovery_codes"]
    return totp, codes


class TestSecondFactor:
    def test_code_is_asked_for_only_after_the_right_password_and_works_once(
        self, server: LiveServer, person: Member
    ) -> None:
        totp, _ = enrol(server, person)
        assert sign_in(server, person.email, "wrong").json()["code"] == "wrong_credentials"
        missing = sign_in(server, person.email, PASSWORD)
        assert (missing.status_code, missing.json()["code"]) == (401, "second_factor_required")
        code = totp.at(time.time() + 30)  # the one used for confirming is spent; phones may be a step ahead
        assert sign_in(server, person.email, PASSWORD, code=code).status_code == 200
        replayed = sign_in(server, person.email, PASSWORD, code=code)
        assert (replayed.status_code, replayed.json()["code"]) == (401, "second_factor_wrong")

    def test_recovery_code_works_once(self, server: LiveServer, person: Member) -> None:
        _, codes = enrol(server, person)
        assert len(set(codes)) == 10
        assert sign_in(server, person.email, PASSWORD, code=codes[0].upper()).status_code == 200
        assert sign_in(server, person.email, PASSWORD, code=codes[0]).json()["code"] == "second_factor_wrong"
        assert sign_in(server, person.email, PASSWORD, code=codes[1]).status_code == 200

    def test_codes_are_not_guessed_from_many_addresses(self, server: LiveServer, person: Member) -> None:
        enrol(server, person)
        addresses = iter(range(10, 100))
        until_refused(
            lambda: sign_in(server, person.email, PASSWORD, address=f"127.0.0.{next(addresses)}", code="000000")
        )

    def test_secret_is_not_in_the_database(self, server: LiveServer, shop: TenantAccess, person: Member) -> None:
        totp, _ = enrol(server, person)

        async def stored(services: Services) -> list[str]:
            async with services.database.read(shop.id) as session:
                factors = await session.scalars(SecondFactor.__table__.select().with_only_columns(SecondFactor.secret))
                return list(factors)

        assert all(totp.secret not in secret for secret in server.run(stored))

    def test_unconfirmed_does_not_count_and_wrong_code_does_not_confirm(
        self, server: LiveServer, person: Member
    ) -> None:
        with server.http(person.token) as client:
            assert client.post("/api/v1/me/second-factor/confirm", json={"code": "123456"}).status_code == 409
            assert (
                client.post("/api/v1/me/second-factor", json={"password": "wrong"}).json()["code"] == "wrong_password"
            )
            client.post("/api/v1/me/second-factor", json={"password": PASSWORD})
            assert client.post("/api/v1/me/second-factor/confirm", json={"code": "１２３４５６"}).status_code == 401
            assert client.get("/api/v1/me").json()["has_second_factor"] is False
        assert sign_in(server, person.email, PASSWORD).status_code == 200

    def test_short_password_needs_it_and_it_cannot_be_taken_from_under(
        self, server: LiveServer, person: Member
    ) -> None:
        with server.http(person.token) as client:
            change = {"current_password": PASSWORD, "new_password": NEW}
            assert client.put("/api/v1/me/password", json=change).json()["code"] == "password_too_short"
            enrol(server, person)
            assert client.get("/api/v1/me").json()["has_second_factor"] is True
            assert client.put("/api/v1/me/password", json=change).status_code == 204
            removed = client.post("/api/v1/me/second-factor/remove", json={"password": NEW})
            assert removed.json()["code"] == "password_too_short"
            longer = {"current_password": NEW, "new_password": LONG}
            assert client.put("/api/v1/me/password", json=longer).status_code == 204
            assert client.post("/api/v1/me/second-factor/remove", json={"password": LONG}).status_code == 204
        assert sign_in(server, person.email, LONG).status_code == 200


class TestOwnPassword:
    def test_change_ends_other_sessions_only(self, server: LiveServer, person: Member) -> None:
        other = sign_in(server, person.email, PASSWORD).json()["access_token"]
        with server.http(person.token) as client, server.http(other) as elsewhere:
            wrong = client.put("/api/v1/me/password", json={"current_password": "x", "new_password": LONG})
            assert (wrong.status_code, wrong.json()["code"]) == (403, "wrong_password")
            same = client.put("/api/v1/me/password", json={"current_password": PASSWORD, "new_password": PASSWORD})
            assert same.json()["code"] == "password_unchanged"
            bad = client.put("/api/v1/me/password", json={"current_password": PASSWORD, "new_password": "1" * 20})
            assert bad.json()["code"] == "password_too_common"
            assert elsewhere.get("/api/v1/me").status_code == 200
            good = client.put("/api/v1/me/password", json={"current_password": PASSWORD, "new_password": LONG})
            assert good.status_code == 204
            assert elsewhere.get("/api/v1/me").status_code == 401
            assert client.get("/api/v1/me").status_code == 200
        assert sign_in(server, person.email, PASSWORD).status_code == 401
        assert sign_in(server, person.email, LONG).status_code == 200


class TestDengbao:
    def test_old_password_has_to_be_replaced_at_sign_in(self, server: LiveServer) -> None:
        tenant = server.make_tenant()
        admin = server.member(tenant, Role.ADMIN)
        with server.http(admin.token) as client:
            assert client.get("/api/v1/tenant/security").json() == {"password_rules": "nist"}
            rules = {"password_rules": "dengbao"}
            assert client.put("/api/v1/tenant/security", json=rules).json() == rules
        assert sign_in(server, admin.email, PASSWORD).status_code == 200  # young enough

        async def age(services: Services) -> None:
            async with services.database.write(tenant.id) as session:
                long_ago = services.clock.now() - timedelta(days=91)
                await session.execute(update(User).where(User.id == admin.id).values(password_changed_at=long_ago))

        server.run(age)
        assert sign_in(server, admin.email, PASSWORD).json()["code"] == "password_expired"
        simple = sign_in(server, admin.email, PASSWORD, new_password=LONG)
        assert simple.json()["code"] == "password_too_simple"
        renewed = sign_in(server, admin.email, PASSWORD, new_password=f"{LONG} Ab1")
        assert renewed.status_code == 200
        with server.http(admin.token) as before:
            assert before.get("/api/v1/me").status_code == 401  # a new password ends the sessions of the old one
        assert sign_in(server, admin.email, f"{LONG} Ab1").status_code == 200
