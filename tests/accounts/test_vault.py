"""Secrets at rest: readable with the same key in the same place, and in no other way."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from accounts.errors import SecretUnreadable
from accounts.vault import KEY_FILE, Vault
from core.settings import Settings


def vault(folder: Path, secret_key: str = "") -> Vault:
    return Vault(Settings(data_dir=folder, secret_key=secret_key, _env_file=None))


def test_own_key_is_made_once_and_is_the_owners(tmp_path: Path) -> None:
    folder = tmp_path / "var"
    with ThreadPoolExecutor(8) as pool:  # several processes may start at once
        sealed = list(pool.map(lambda number: vault(folder).seal(f"密钥 {number}", "here"), range(8)))
    assert [vault(folder).unseal(text, "here") for text in sealed] == [f"密钥 {number}" for number in range(8)]
    assert (folder / KEY_FILE).stat().st_mode & 0o077 == 0
    assert [path.name for path in folder.iterdir()] == [KEY_FILE]


def test_same_text_is_sealed_differently_each_time(tmp_path: Path) -> None:
    assert vault(tmp_path).seal("x", "here") != vault(tmp_path).seal("x", "here")


def test_moved_tampered_or_another_key(tmp_path: Path) -> None:
    mine = vault(tmp_path, "k" * 31 + "1")
    sealed = mine.seal("种子", "second_factor:1")
    assert mine.unseal(sealed, "second_factor:1") == "种子"
    changed = ("B" if sealed[0] == "A" else "A") + sealed[1:]
    for opener, text, place in (
        (mine, sealed, "second_factor:2"),
        (mine, changed, "second_factor:1"),
        (vault(tmp_path, "k" * 31 + "2"), sealed, "second_factor:1"),
    ):
        with pytest.raises(SecretUnreadable):
            opener.unseal(text, place)
