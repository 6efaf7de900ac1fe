"""The first administrator by a token printed at start; and what the server refuses to start with."""

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import pytest

from accounts.founding import offer_setup
from core.clock import SystemClock
from core.settings import REPOSITORY, Settings
from server.demo.seed import seed_demo
from storage.db import Database
from storage.migrate import upgrade_to_head
from tests.server.test_cli import yingda
from tests.support import LiveServer

PHRASE = "巷口修鞋的老人会吹一手好口琴"
BODY = {
    "tenant": {"slug": "acme", "name": "甲公司"},
    "admin": {"email": "Boss@acme.example", "name": "老板", "password": f"{PHRASE}很好听"},
}


class TestSetup:
    def test_exactly_one_of_many_sets_up(self, own_database_url: str, tmp_path: Path) -> None:
        settings = Settings(data_dir=tmp_path, database_url=own_database_url, _env_file=None)
        with LiveServer(settings) as server:
            stale = server.run(lambda services: offer_setup(services.database, clock=services.clock))
            token = server.run(lambda services: offer_setup(services.database, clock=services.clock))
            assert stale
            assert token

            def attempt(given: str, password: str = f"{PHRASE}很好听", slug: str = "acme") -> httpx2.Response:
                body = {
                    "token": given,
                    "tenant": {**BODY["tenant"], "slug": slug},
                    "admin": {**BODY["admin"], "password": password},
                }
                with server.http() as client:
                    return client.post("/api/v1/setup", json=body)

            for wrong in ("yds_forged", stale):
                assert attempt(wrong).json()["code"] == "setup_token_invalid"
            assert attempt(token, "password").json()["code"] == "password_too_short"
            with ThreadPoolExecutor(4) as pool:
                answers = list(pool.map(lambda number: attempt(token, slug=f"acme-{number}"), range(4)))
            assert sorted(answer.status_code for answer in answers) == [201, 422, 422, 422]
            made = next(answer.json() for answer in answers if answer.status_code == 201)
            assert made["user"]["role"] == "operator"
            with server.http(server.sign_in("boss@acme.example", f"{PHRASE}很好听")) as client:
                assert len(client.get("/api/v1/platform/tenants").json()["items"]) == 1
            assert server.run(lambda services: offer_setup(services.database, clock=services.clock)) is None
            with server.customer(made["site_key"]) as customer:
                customer.say("你好")

    def test_serve_prints_a_token_that_works(self, tmp_path: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("YINGDA_")}
        process = subprocess.Popen(
            [sys.executable, "-m", "server.cli", "serve", "--port", str(port)],
            cwd=tmp_path,
            env={**inherited, "PYTHONPATH": str(REPOSITORY), "YINGDA_DATA_DIR": str(tmp_path / "var")},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            assert process.stdout is not None
            printed = ""
            while "停止" not in printed:
                line = process.stdout.readline()
                assert line, printed
                printed += line
            found = re.search(r"yds_\S+", printed)
            assert found, printed
            with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
                made = client.post("/api/v1/setup", json={"token": found[0], **BODY})
                assert made.status_code == 201, made.text
                again = client.post("/api/v1/setup", json={"token": found[0], **BODY})
            assert again.json()["code"] == "setup_token_invalid"
        finally:
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=30)
        assert process.returncode == 0

    def test_init_prints_one_too_until_there_is_a_tenant(self, tmp_path: Path) -> None:
        assert "yds_" in yingda("init", cwd=tmp_path).stdout
        create = ("tenant", "create", "acme", "--name", "甲", "--admin-email", "a@b.example")
        assert yingda(*create, cwd=tmp_path).returncode == 0
        assert "yds_" not in yingda("init", cwd=tmp_path).stdout


class TestRefusesToStart:
    def test_with_an_account_that_the_demo_password_opens(self, tmp_path: Path) -> None:
        async def seed() -> None:
            settings = Settings(data_dir=tmp_path / "var", _env_file=None)
            (tmp_path / "var").mkdir()
            database = Database(settings.async_database_url())
            await upgrade_to_head(database)
            await seed_demo(database, clock=SystemClock())
            await database.close()

        asyncio.run(seed())
        refused = yingda("serve", "--port", "18798", cwd=tmp_path)
        assert refused.returncode == 1
        assert "admin@demo.local" in refused.stderr
        assert "yingda tenant disable-demo" in refused.stderr
        assert "4" in yingda("tenant", "disable-demo", cwd=tmp_path).stdout
        assert "0" in yingda("tenant", "disable-demo", cwd=tmp_path).stdout

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("YINGDA_SECRET_KEY", "short"),
            ("YINGDA_SECRET_KEY", "change-me-change-me-change-me-change-me"),
            ("YINGDA_SECRET_KEY", "your-secret-key-goes-here-0000000000000"),
            ("YINGDA_SECRET_KEY", "a" * 40),
            ("YINGDA_DATABASE_URL", "postgresql://yingda:" + "changeme@127.0.0.1:1/yingda"),
        ],
    )
    def test_with_a_placeholder_secret(self, tmp_path: Path, name: str, value: str) -> None:
        refused = yingda("serve", cwd=tmp_path, YINGDA_PORT="18799", **{name: value})
        assert refused.returncode == 1
        assert name in refused.stderr
        assert "Traceback" not in refused.stderr
