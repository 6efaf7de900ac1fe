"""A real web site on this machine, and names that lead to it."""

import ssl
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from kb_ingest.web.network import Network


@dataclass
class Names:
    """A resolver with names of its own; each question takes the next answer, as a rebinding server would give it."""

    answers: dict[str, list[list[str]]]
    asked: list[str] = field(default_factory=list)

    def resolve(self, host: str, port: int) -> list[str]:
        self.asked.append(host)
        known = self.answers.get(host)
        if known is None:  # an address stands for itself
            return [host]
        return known.pop(0) if len(known) > 1 else known[0]


@dataclass
class Site:
    """A real web server on this machine; `answers` maps paths to (status, headers, body)."""

    port: int
    answers: dict[str, tuple[int, dict[str, str], bytes]]
    seen: list[tuple[str, str]] = field(default_factory=list)  # (path, Host header)

    def page(self, path: str, body: str, kind: str = "text/html; charset=utf-8", status: int = 200) -> None:
        self.answers[path] = (status, {"Content-Type": kind}, body.encode())

    def url(self, path: str = "/") -> str:
        return f"http://help.shop.example:{self.port}{path}"

    def network(self) -> Network:
        names = Names({"help.shop.example": [["127.0.0.1"]]})
        return Network(names, frozenset({("help.shop.example", self.port)}))

    def paths(self) -> list[str]:
        return [path for path, _ in self.seen]


def own_certificate() -> ssl.SSLContext:
    """A server's certificate that it signed itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    start = datetime(2026, 1, 1, tzinfo=UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=36500))
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.NamedTemporaryFile(suffix=".pem") as file:
        file.write(certificate.public_bytes(serialization.Encoding.PEM) + secret)
        file.flush()
        context.load_cert_chain(file.name)
    return context


@contextmanager
def serving(context: ssl.SSLContext | None = None) -> Iterator[Site]:
    site = Site(0, {})

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            site.seen.append((self.path, self.headers["Host"]))
            status, headers, body = site.answers.get(self.path, (404, {}, b""))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    site.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
