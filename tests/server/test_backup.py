"""A backup of a running server, restored elsewhere: equal row by row, in either database, and damage is noticed."""

import json
from pathlib import Path
from zipfile import ZipFile

import pytest
from typer.testing import CliRunner, Result

from server.cli import app
from tests.support import LiveServer, TenantAccess


def yingda(monkeypatch: pytest.MonkeyPatch, url: str, data_dir: Path, *command: str) -> Result:
    monkeypatch.setenv("YINGDA_DATABASE_URL", url)
    monkeypatch.setenv("YINGDA_DATA_DIR", str(data_dir))
    return CliRunner().invoke(app, list(command))


@pytest.fixture
def saved(server: LiveServer, shop: TenantAccess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A backup made while a customer goes on talking."""
    file = tmp_path / "all.zip"
    with server.customer(shop.site_key) as customer:
        customer.ask("怎么退货")
        made = yingda(monkeypatch, server.settings.database_url, server.settings.data_dir, "backup", str(file))
        assert made.exit_code == 0, made.output
        assert customer.say("备份时照常聊天")["type"] == "ack"
    assert file.stat().st_mode & 0o077 == 0
    return file


class TestBackup:
    def test_restored_elsewhere_it_is_equal(
        self, saved: Path, own_database_url: str, data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        restored = yingda(monkeypatch, own_database_url, data_dir, "restore", str(saved), "--json")
        assert restored.exit_code == 0, (restored.output, restored.exception)
        again = tmp_path / "again.zip"
        assert yingda(monkeypatch, own_database_url, data_dir, "backup", str(again)).exit_code == 0
        tables = [json.loads(ZipFile(file).read("manifest.json"))["tables"] for file in (saved, again)]
        assert tables[0] == tables[1]
        assert tables[0]["messages"]["rows"] >= 2
        verified = yingda(monkeypatch, own_database_url, data_dir, "audit", "verify")
        assert verified.exit_code == 0, verified.output

        twice = yingda(monkeypatch, own_database_url, data_dir, "restore", str(saved))
        assert twice.exit_code == 1
        assert "空库" in str(twice.exception)

    def test_damage_is_noticed(
        self, saved: Path, data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        damaged = tmp_path / "damaged.zip"
        with ZipFile(saved) as source, ZipFile(damaged, "w") as target:
            for name in source.namelist():
                content = source.read(name)
                target.writestr(
                    name, content.replace("怎么退货".encode(), "怎么退款".encode()) if "messages" in name else content
                )
        url = f"sqlite:///{data_dir / 'x.db'}"
        refused = yingda(monkeypatch, url, data_dir, "restore", str(damaged))
        assert refused.exit_code == 1
        assert "校验和不一致（messages）" in str(refused.exception)
        assert not (data_dir / "x.db").exists()

        half = tmp_path / "half.zip"
        half.write_bytes(saved.read_bytes()[:2000])
        refused = yingda(monkeypatch, f"sqlite:///{data_dir / 'y.db'}", data_dir, "restore", str(half))
        assert refused.exit_code == 1
        assert "不是完整的备份文件" in str(refused.exception)
