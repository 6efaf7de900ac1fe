"""The gates of the supply chain say no to what they must say no to."""

import pytest

from tools.dependencies import below_floor, is_refused, read_lock
from tools.secret_scan import scan

FLOORS = {"starlette": {"version": "0.49.1", "advisory": "CVE-2025-62727"}}


class TestFloors:
    def test_older_than_the_floor_is_named(self) -> None:
        locked = dict(read_lock("starlette==0.40.0 \\\n    --hash=sha256:00\n"))
        assert list(below_floor(locked, FLOORS)) == ["starlette 0.40.0 低于 0.49.1（CVE-2025-62727），请升级"]

    @pytest.mark.parametrize("version", ["0.49.1", "0.50.0", "1.0"])
    def test_as_new_or_newer_is_fine(self, version: str) -> None:
        assert list(below_floor({"starlette": version}, FLOORS)) == []

    def test_row_that_protects_nothing_is_named(self) -> None:
        assert "已不在锁文件里" in next(iter(below_floor({}, FLOORS)))


class TestLicences:
    @pytest.mark.parametrize(
        "licence",
        [
            "GPL-3.0-or-later",
            "AGPL-3.0-only",
            "GNU General Public License v3 (GPLv3)",
            "GNU Affero General Public License v3",
            "GPLv2",
        ],
    )
    def test_refused(self, licence: str) -> None:
        assert is_refused(licence)

    @pytest.mark.parametrize(
        "licence",
        [
            "MIT",
            "Apache-2.0",
            "BSD-3-Clause",
            "MPL-2.0",
            "LGPL-2.1",
            "GNU Lesser General Public License v3 (LGPLv3)",
            "GPL-2.0 OR MIT",
        ],
    )
    def test_allowed(self, licence: str) -> None:
        assert not is_refused(licence)


class TestSecrets:
    @pytest.mark.parametrize(
        "line",
        [
            "-----BEGIN RSA " + "PRIVATE KEY-----",
            "key = 'AKIA" + "ABCDEFGHIJKLMNOP'",
            "token: ghp_" + "a1" * 18,
            "curl -H 'Authorization: Bearer yda_" + "x" * 43 + "'",
            'API_KEY = "' + "0123456789abcdef" * 3 + '"',
            "url = 'postgresql://admin:" + "hunter22@db/prod'",
        ],
    )
    def test_found(self, line: str) -> None:
        assert len(list(scan("a.py", line))) == 1

    @pytest.mark.parametrize(
        "line",
        [
            "token = new_secret('yda')",
            "secret_key: str = Field('')",
            "postgresql://db/yingda",
            "hash = '" + "0" * 64 + "'",
        ],
    )
    def test_left_alone(self, line: str) -> None:
        assert list(scan("a.py", line)) == []
