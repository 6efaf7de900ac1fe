"""What the docs say about settings and errors is what the code does."""

import re

import pytest

from core.settings import REPOSITORY, Settings
from tools.error_docs import every_refusal


class TestSettingsDocs:
    def test_every_setting_is_documented_as_it_is(self) -> None:
        table = (REPOSITORY / "docs" / "settings.md").read_text(encoding="utf-8")
        rows = dict(re.findall(r"^\| `(YINGDA_\w+)` \|[^|]*\| ([^|]+) \|$", table, re.M))
        expected = {f"YINGDA_{name.upper()}": str(field.description) for name, field in Settings.model_fields.items()}
        assert rows == expected

    def test_defaults_are_documented_as_they_are(self) -> None:
        table = (REPOSITORY / "docs" / "settings.md").read_text(encoding="utf-8")
        defaults = dict(re.findall(r"^\| `(YINGDA_\w+)` \|([^|]*)\|", table, re.M))
        for name, field in Settings.model_fields.items():
            documented = defaults[f"YINGDA_{name.upper()}"].strip(" `")
            assert str(field.default).endswith(documented), name

    @pytest.mark.parametrize(
        ("given", "driver"),
        [
            ("", "sqlite+aiosqlite:///"),
            ("sqlite:////tmp/x.db", "sqlite+aiosqlite:////tmp/x.db"),
            ("postgresql://u:p@db/yd", "postgresql+asyncpg://u:p@db/yd"),
            ("postgres://u@db/yd", "postgresql+asyncpg://u@db/yd"),
        ],
    )
    def test_database_url_gets_our_driver(self, given: str, driver: str) -> None:
        assert Settings(database_url=given, _env_file=None).async_database_url().startswith(driver)


class TestErrors:
    def test_codes_are_unique_and_speak_both_languages(self) -> None:
        kinds = every_refusal()
        codes = [kind.code for kind in kinds]
        assert len(codes) == len(set(codes))
        for kind in kinds:
            assert 400 <= kind.status <= 599
            assert re.search(r"[\u4e00-\u9fff]", kind.zh), kind
            assert kind.en.isascii(), kind
            assert set(re.findall(r"{(\w+)}", kind.zh)) == set(re.findall(r"{(\w+)}", kind.en)), kind

    def test_error_catalogue_lists_them_all(self) -> None:
        text = (REPOSITORY / "docs" / "errors.md").read_text(encoding="utf-8")
        listed = re.findall(r"^\| `(\w+)` \| (\d+) \| ([^|]+) \|$", text, re.M)
        assert listed == [(kind.code, str(kind.status), kind.zh) for kind in every_refusal()]
