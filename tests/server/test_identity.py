"""Signed identity: whom the tenant vouches for is known, forged tokens are refused, merges can be undone exactly."""

import base64
import hashlib
import hmac
import json
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from storage.models import Role
from tests.support import LiveServer, TenantAccess

DAY = 24 * 3600


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def hs256(secret: bytes, header: Any, claims: Any) -> str:
    """A token; header and claims may be JSON text, so that it can be wrong in every way."""
    parts = [b64((part if isinstance(part, str) else json.dumps(part)).encode()) for part in (header, claims)]
    return ".".join([*parts, b64(hmac.digest(secret, ".".join(parts).encode(), hashlib.sha256))])


def es256(key: ec.EllipticCurvePrivateKey, header: dict[str, Any], claims: dict[str, Any]) -> str:
    parts = [b64(json.dumps(part).encode()) for part in (header, claims)]
    r, s = decode_dss_signature(key.sign(".".join(parts).encode(), ec.ECDSA(hashes.SHA256())))
    return ".".join([*parts, b64(r.to_bytes(32, "big") + s.to_bytes(32, "big"))])


def public_pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> str:
    encoding, form = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(encoding, form).decode()


@dataclass
class Shop:
    """A tenant with an inbox, an administrator and signing keys."""

    site_key: str
    inbox_id: str
    desk: httpx2.Client
    guest: httpx2.Client
    kid: str
    secret: bytes

    def claims(self, **changed: Any) -> dict[str, Any]:
        now = int(time.time())
        claims = {"sub": "u-1001", "aud": self.site_key, "exp": now + 600, "iat": now, "name": "王小明"}
        return {key: value for key, value in (claims | changed).items() if value is not None}

    def token(self, **changed: Any) -> str:
        return hs256(self.secret, {"alg": "HS256", "typ": "JWT", "kid": self.kid}, self.claims(**changed))

    def open(self, signature: str | None = None, token: str | None = None, site_key: str = "") -> httpx2.Response:
        contact = {"contact": {"signature": signature}} if signature is not None else {}
        body = {"site_key": site_key or self.site_key, **({"token": token} if token else {}), **contact}
        return self.guest.post("/api/v1/visitor/sessions", json=body)

    def timeline(self, conversation_id: str) -> bytes:
        return self.desk.get(f"/api/v1/conversations/{conversation_id}/messages").content

    def owner(self, conversation_id: str) -> str:
        owner: str = self.desk.get(f"/api/v1/conversations/{conversation_id}").json()["contact"]["id"]
        return owner


@pytest.fixture(scope="module")
def open_shop(server: LiveServer) -> Iterator[Callable[[], Shop]]:
    clients: list[httpx2.Client] = []

    def make() -> Shop:
        tenant: TenantAccess = server.make_tenant()
        desk, guest = server.http(server.member(tenant, Role.ADMIN).token), server.http()
        clients.extend([desk, guest])
        inbox = desk.get("/api/v1/inboxes").json()["items"][0]
        made = desk.post(f"/api/v1/inboxes/{inbox['id']}/identity-keys", json={"algorithm": "HS256"})
        assert made.status_code == 201, made.text
        return Shop(inbox["site_key"], inbox["id"], desk, guest, made.json()["id"], made.json()["secret"].encode())

    yield make
    for client in clients:
        client.close()


@pytest.fixture(scope="module")
def shop(open_shop: Callable[[], Shop]) -> Shop:
    return open_shop()


@pytest.fixture(scope="module")
def other(open_shop: Callable[[], Shop]) -> Shop:
    return open_shop()


def attacks(shop: Shop, other: Shop) -> dict[str, str]:
    """Tokens that must not be accepted, by what is wrong with them."""
    now, head = int(time.time()), {"alg": "HS256", "typ": "JWT", "kid": shop.kid}
    good = shop.token()
    header, payload, signature = good.split(".")
    claims = shop.claims()
    rsa_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    curve = ec.generate_private_key(ec.SECP256R1())
    flipped = signature[:-2] + ("A" if signature[-2] != "A" else "B") + signature[-1]
    twice = json.dumps(claims)[:-1] + ', "sub": "u-9"}'
    return {
        "alg none": f"{b64(json.dumps({**head, 'alg': 'none'}).encode())}.{payload}.",
        "alg None, with the signature": f"{b64(json.dumps({**head, 'alg': 'None'}).encode())}.{payload}.{signature}",
        "alg HS512": hs256(shop.secret, {**head, "alg": "HS512"}, claims),
        "alg RS256": hs256(public_pem(rsa_key).encode(), {**head, "alg": "RS256"}, claims),
        "alg ES256 on an HS256 key": es256(curve, {**head, "alg": "ES256"}, claims),
        "alg missing": hs256(shop.secret, {"kid": shop.kid}, claims),
        "alg a list": hs256(shop.secret, {**head, "alg": ["HS256"]}, claims),
        "own key in the header": hs256(b"mine", {**head, "jwk": {"kty": "oct", "k": b64(b"mine")}}, claims),
        "key address in the header": hs256(shop.secret, {**head, "jku": "https://evil.example/k"}, claims),
        "critical extension": hs256(shop.secret, {**head, "crit": ["exp"]}, claims),
        "empty secret": hs256(b"", head, claims),
        "guessed secret": hs256(b"secret", head, claims),
        "kid of another tenant, its secret": hs256(other.secret, {**head, "kid": other.kid}, claims),
        "own kid, another tenant's secret": hs256(other.secret, head, claims),
        "kid missing": hs256(shop.secret, {"alg": "HS256"}, claims),
        "kid unknown": hs256(shop.secret, {**head, "kid": "0" * 32}, claims),
        "kid as a path": hs256(b"", {**head, "kid": "../../dev/null"}, claims),
        "kid as SQL": hs256(shop.secret, {**head, "kid": "x' OR '1'='1"}, claims),
        "kid no text": hs256(shop.secret, {**head, "kid": 1}, claims),
        "kid twice": hs256(shop.secret, json.dumps(head)[:-1] + f', "kid": "{shop.kid}"}}', claims),
        "signature flipped": f"{header}.{payload}.{flipped}",
        "signature cut": f"{header}.{payload}.{signature[:20]}",
        "signature missing": f"{header}.{payload}.",
        "payload changed": f"{header}.{b64(json.dumps(shop.claims(sub='u-2')).encode())}.{signature}",
        "another site": shop.token(aud=other.site_key),
        "no audience": shop.token(aud=None),
        "two audiences": shop.token(aud=[shop.site_key, other.site_key]),
        "audience in other letters": shop.token(aud=shop.site_key.upper()),
        "expired": shop.token(exp=now - 1),
        "no expiry": shop.token(exp=None),
        "lives two days": shop.token(exp=now + 2 * DAY),
        "expiry a text": shop.token(exp=str(now + 600)),
        "expiry true": shop.token(exp=True),
        "expiry NaN": hs256(shop.secret, head, json.dumps(claims).replace(str(claims["exp"]), "NaN")),
        "expiry infinite": hs256(shop.secret, head, json.dumps(claims).replace(str(claims["exp"]), "1e999")),
        "not yet": shop.token(nbf=now + 600),
        "issued in the future": shop.token(iat=now + 600),
        "no subject": shop.token(sub=None),
        "empty subject": shop.token(sub=""),
        "subject no text": shop.token(sub=1001),
        "subject too long": shop.token(sub="x" * 181),
        "subject with a control character": shop.token(sub="u-1\u0000"),
        "a claim twice": hs256(shop.secret, head, twice),
        "name no text": shop.token(name={"$ne": ""}),
        "claims a list": hs256(shop.secret, head, [claims]),
        "claims no JSON": hs256(shop.secret, head, "hello"),
        "deep JSON": hs256(shop.secret, head, "[" * 900),
        "four parts": f"{good}.x",
        "two parts": f"{header}.{payload}",
        "spaces inside": f"{header}. {payload}.{signature}",
        "nothing": "",
        "dots": "..",
        "JSON serialisation": json.dumps({"payload": payload, "protected": header, "signature": signature}),
    }


class TestForgedTokens:
    def test_every_attack_is_refused_alike(self, shop: Shop, other: Shop) -> None:
        forged = attacks(shop, other)
        accepted = {
            name: answer.status_code for name, token in forged.items() if (answer := shop.open(token)).is_success
        }
        answers = {shop.open(token).content for token in forged.values()}
        assert accepted == {}
        assert len(answers) == 1
        assert b"identity_invalid" in answers.pop()
        assert len(forged) >= 50

    def test_public_key_is_no_secret(self, shop: Shop) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        body = {"algorithm": "ES256", "public_key": public_pem(key)}
        made = shop.desk.post(f"/api/v1/inboxes/{shop.inbox_id}/identity-keys", json=body).json()
        assert made["secret"] is None
        head = {"alg": "ES256", "kid": made["id"]}
        assert shop.open(es256(key, head, shop.claims(sub="es"))).status_code == 200
        confused = hs256(public_pem(key).encode(), {**head, "alg": "HS256"}, shop.claims(sub="es"))
        stranger = es256(ec.generate_private_key(ec.SECP256R1()), head, shop.claims(sub="es"))
        zeros = ".".join([*es256(key, head, shop.claims()).split(".")[:2], b64(bytes(64))])
        for forged in (confused, stranger, zeros):
            assert shop.open(forged).json()["code"] == "identity_invalid"

    def test_token_of_one_inbox_opens_no_other(self, shop: Shop, other: Shop) -> None:
        assert shop.open(shop.token(), site_key=other.site_key).json()["code"] == "identity_invalid"

    def test_revoked_key_signs_no_more(self, open_shop: Callable[[], Shop]) -> None:
        shop = open_shop()
        assert shop.open(shop.token()).status_code == 200
        path = f"/api/v1/inboxes/{shop.inbox_id}/identity-keys/{shop.kid}"
        assert shop.desk.delete(path).status_code == 204
        assert shop.desk.delete(path).status_code == 404
        assert shop.open(shop.token()).json()["code"] == "identity_invalid"

    @pytest.mark.parametrize("kind", ["rsa", "p384", "private", "text", "none", "hs-with-key"])
    def test_unusable_keys_are_refused(self, shop: Shop, kind: str) -> None:
        private = ec.generate_private_key(ec.SECP256R1()).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        given = {
            "rsa": public_pem(rsa.generate_private_key(public_exponent=65537, key_size=2048)),
            "p384": public_pem(ec.generate_private_key(ec.SECP384R1())),
            "private": private.decode(),
            "text": "hello",
            "none": None,
            "hs-with-key": public_pem(ec.generate_private_key(ec.SECP256R1())),
        }[kind]
        body = {"algorithm": "HS256" if kind == "hs-with-key" else "ES256", "public_key": given}
        answer = shop.desk.post(f"/api/v1/inboxes/{shop.inbox_id}/identity-keys", json=body)
        assert (answer.status_code, answer.json()["code"]) == (422, "key_unusable")


class TestKnownVisitors:
    def test_same_subject_is_the_same_contact_everywhere(self, shop: Shop) -> None:
        subject = f"u-{uuid.uuid4().hex[:8]}"
        phone, laptop = (shop.open(shop.token(sub=subject, phone="13812345678")).json() for _ in range(2))
        assert phone["contact_id"] == laptop["contact_id"]
        assert phone["token"] != laptop["token"]
        contact = shop.desk.get(f"/api/v1/contacts/{phone['contact_id']}").json()
        assert contact["name"] == "王小明"
        assert contact["attributes"] == {"phone": "138****5678", "external_id": subject}
        same = shop.open(shop.token(sub=subject), token=phone["token"]).json()
        assert same["token"] == phone["token"]

    def test_two_tabs_at_once_make_one_contact(self, shop: Shop) -> None:
        token = shop.token(sub=f"u-{uuid.uuid4().hex[:8]}")
        with ThreadPoolExecutor(6) as pool:
            answers = list(pool.map(lambda _: shop.open(token), range(6)))
        assert {answer.status_code for answer in answers} == {200}
        assert len({answer.json()["contact_id"] for answer in answers}) == 1

    def test_unsigned_claim_is_nobody(self, shop: Shop) -> None:
        known = shop.open(shop.token(sub="u-claimed")).json()
        body = {"site_key": shop.site_key, "contact": {"external_id": "signed:u-claimed", "name": "冒充"}}
        claimed = shop.guest.post("/api/v1/visitor/sessions", json=body).json()
        assert claimed["contact_id"] != known["contact_id"]
        rest = {"sender": "signed:u-claimed", "message": "你好"}
        shop.guest.post("/webhooks/rest/webhook", json=rest, headers={"X-Site-Key": shop.site_key})
        listed = shop.desk.get("/api/v1/conversations", params={"contact_id": known["contact_id"]}).json()
        assert listed["items"] == []

    def test_enforced_where_the_inbox_says_so(self, open_shop: Callable[[], Shop]) -> None:
        shop = open_shop()
        before = shop.open().json()
        changed = shop.desk.patch(f"/api/v1/inboxes/{shop.inbox_id}", json={"identity": "required"})
        assert changed.json()["identity"] == "required"
        for answer in (shop.open(), shop.open(token=before["token"])):
            assert (answer.status_code, answer.json()["code"]) == (401, "identity_required")
        rest = shop.guest.post(
            "/webhooks/rest/webhook",
            json={"sender": "x", "message": "你好"},
            headers={"X-Site-Key": shop.site_key},
        )
        assert rest.json()["code"] == "identity_required"
        assert shop.open(shop.token()).status_code == 200
        shop.desk.patch(f"/api/v1/inboxes/{shop.inbox_id}", json={"identity": "optional"})
        assert shop.open().status_code == 200


class TestMerging:
    def test_anonymous_becomes_known_and_back_with_both_timelines_exact(self, server: LiveServer, shop: Shop) -> None:
        subject = f"u-{uuid.uuid4().hex[:8]}"
        with server.customer(shop.site_key, shop.open(shop.token(sub=subject)).json()["token"]) as known:
            known.ask("我上次的订单到哪了")
        with server.customer(shop.site_key) as anonymous:
            anonymous.ask("怎么退货")
            anonymous.ask("运费谁出")
            before = [shop.timeline(known.conversation_id), shop.timeline(anonymous.conversation_id)]
            merged = shop.open(shop.token(sub=subject), token=anonymous.token).json()
            assert merged["contact_id"] == known.contact_id
            with pytest.raises(Exception, match="4401"):  # the anonymous token is nobody's any more
                while True:
                    anonymous.socket.recv(timeout=2)
        with server.http(anonymous.token) as old:
            assert old.get(f"/api/v1/conversations/{anonymous.conversation_id}").status_code == 401
        with server.http(merged["token"]) as client:
            for conversation_id in (known.conversation_id, anonymous.conversation_id):
                assert client.get(f"/api/v1/conversations/{conversation_id}/messages").status_code == 200
        assert [shop.timeline(known.conversation_id), shop.timeline(anonymous.conversation_id)] == before
        assert shop.owner(anonymous.conversation_id) == known.contact_id

        (merge,) = shop.desk.get(f"/api/v1/contacts/{known.contact_id}/merges").json()["items"]
        assert merge["conversation_ids"] == [anonymous.conversation_id]
        undone = shop.desk.post(f"/api/v1/contact-merges/{merge['id']}/undo")
        assert undone.status_code == 200, undone.text
        assert shop.owner(anonymous.conversation_id) == anonymous.contact_id
        assert shop.owner(known.conversation_id) == known.contact_id
        assert [shop.timeline(known.conversation_id), shop.timeline(anonymous.conversation_id)] == before
        with server.http(merged["token"]) as client:
            assert client.get(f"/api/v1/conversations/{anonymous.conversation_id}").status_code == 404
            assert client.get(f"/api/v1/conversations/{known.conversation_id}").status_code == 200
        again = shop.desk.post(f"/api/v1/contact-merges/{merge['id']}/undo")
        assert (again.status_code, again.json()["code"]) == (409, "already_undone")

    def test_two_people_at_one_browser_are_not_merged(self, server: LiveServer, shop: Shop) -> None:
        first = shop.open(shop.token(sub=f"a-{uuid.uuid4().hex[:8]}")).json()
        second = shop.open(shop.token(sub=f"b-{uuid.uuid4().hex[:8]}"), token=first["token"]).json()
        assert second["contact_id"] != first["contact_id"]
        with server.http(second["token"]) as client:
            assert client.get(f"/api/v1/conversations/{first['conversation_id']}").status_code == 404

    def test_desk_merges_and_undoes_in_order(self, shop: Shop) -> None:
        anonymous, middle = shop.open().json()["contact_id"], shop.open().json()["contact_id"]
        known = shop.open(shop.token(sub=f"u-{uuid.uuid4().hex[:8]}")).json()["contact_id"]
        first = shop.desk.post(f"/api/v1/contacts/{middle}/merge", json={"source_id": anonymous})
        assert first.status_code == 200, first.text
        second = shop.desk.post(f"/api/v1/contacts/{known}/merge", json={"source_id": middle}).json()
        early = shop.desk.post(f"/api/v1/contact-merges/{first.json()['id']}/undo")
        assert (early.status_code, early.json()["code"]) == (409, "merged_since")
        for merge_id in (second["id"], first.json()["id"]):
            assert shop.desk.post(f"/api/v1/contact-merges/{merge_id}/undo").status_code == 200

    def test_refusals(self, shop: Shop, other: Shop) -> None:
        anonymous = shop.open().json()["contact_id"]
        known = shop.open(shop.token(sub="u-refused")).json()["contact_id"]
        elsewhere = other.open().json()["contact_id"]
        for target, source, status in (
            (known, known, 409),
            (anonymous, known, 409),  # an identity is not given away
            (known, elsewhere, 404),
            (elsewhere, anonymous, 404),
            (known, "0" * 32, 404),
        ):
            answer = shop.desk.post(f"/api/v1/contacts/{target}/merge", json={"source_id": source})
            assert answer.status_code == status, answer.text
