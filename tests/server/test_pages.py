"""Pages come from us alone, with headers that keep them so."""

import re
from pathlib import Path

import pytest

from core.settings import REPOSITORY
from tests.support import LiveServer, TenantAccess

WEB = REPOSITORY / "web" / "dist"
FOREIGN = re.compile(r"""(?:src|href)\s*=\s*["']\s*(?:https?:)?//(?!127\.0\.0\.1)[^"']+["']""")


class TestPages:
    @pytest.mark.parametrize(
        "path", ["/", "/chat/any", "/console", "/console/login", "/console/conversations/1", "/docs"]
    )
    def test_page_is_served_with_safe_headers(self, server: LiveServer, path: str) -> None:
        with server.http() as client:
            page = client.get(path)
        assert page.status_code == 200
        assert page.headers["content-type"].startswith("text/html")
        policy = page.headers["content-security-policy"]
        assert "script-src 'self';" in policy
        assert "object-src 'none'" in policy
        assert page.headers["x-content-type-options"] == "nosniff"
        assert FOREIGN.findall(page.text) == []
        assert not re.search(r"<script(?![^>]*\bsrc=)[^>]*>\s*\S", page.text), "inline script"

    def test_only_the_chat_may_be_framed(self, server: LiveServer) -> None:
        with server.http() as client:
            assert "frame-ancestors *" in client.get("/chat/any").headers["content-security-policy"]
            for path in ("/", "/console", "/docs", "/api/v1/public/info"):
                assert "frame-ancestors 'none'" in client.get(path).headers["content-security-policy"]

    def test_everything_a_page_loads_is_there(self, server: LiveServer) -> None:
        with server.http() as client:
            for path in ("/", "/chat/any", "/console", "/docs"):
                for asset in re.findall(r"""(?:src|href)="(/[^"]+)\"""", client.get(path).text):
                    if asset.startswith(("/static", "/favicon", "/widget")):
                        assert client.get(asset).status_code == 200, (path, asset)

    def test_loader_is_small_and_cached_shortly(self, server: LiveServer) -> None:
        with server.http() as client:
            loader = client.get("/widget.js")
        assert loader.headers["cache-control"] == "public, max-age=300"
        assert "javascript" in loader.headers["content-type"]

    def test_versioned_files_are_kept_others_are_asked_for_again(self, server: LiveServer) -> None:
        with server.http() as client:
            kept = client.get("/static/widget/widget-app.js?v=abc").headers["cache-control"]
            asked = client.get("/static/widget/widget-app.js").headers["cache-control"]
        assert "immutable" in kept
        assert asked == "no-cache"

    def test_api_answers_are_not_cached_and_may_be_called_from_any_site(
        self, server: LiveServer, shop: TenantAccess
    ) -> None:
        with server.http(Origin="https://shop.example") as client:
            answer = client.post("/api/v1/visitor/sessions", json={"site_key": shop.site_key})
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in answer.headers

    @pytest.mark.parametrize(
        "path", ["/static/../pyproject.toml", "/static/%2e%2e/core/settings.py", "/static/home/../../.env"]
    )
    def test_files_outside_the_pages_do_not_exist(self, server: LiveServer, path: str) -> None:
        with server.http() as client:
            assert client.get(path).status_code in {404, 405}

    def test_no_shipped_file_asks_a_foreign_host_for_code(self) -> None:
        loads = re.compile(
            r"""(?:import\s*\(|importScripts\(|\.src\s*=|@import\s|url\()\s*["'`]?(?:https?:)?//[a-z0-9.-]+""", re.I
        )
        for path in [*WEB.rglob("*.js"), *WEB.rglob("*.css"), *WEB.rglob("*.html")]:
            found = [hit for hit in loads.findall(_source(path)) if "www.w3.org" not in hit]
            assert found == [], path


def _source(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")
