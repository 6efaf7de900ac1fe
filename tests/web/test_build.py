"""The shipped web files are what their sources build to, and the front end's own tests pass."""

import filecmp
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from core.settings import REPOSITORY, Settings
from server.app import create_app

IS_CI = os.environ.get("CI") == "true"
WEB = REPOSITORY / "web"


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh copy of web/ with its dependencies installed from the lock, and built."""
    if shutil.which("npm") is None:
        if IS_CI:
            pytest.fail("npm is missing, and CI must rebuild the web files")
        pytest.skip("npm is not installed; users do not need it")
    copy = tmp_path_factory.mktemp("web") / "web"
    shutil.copytree(WEB, copy, ignore=shutil.ignore_patterns("node_modules", "dist"))
    npm(copy, "ci", "--ignore-scripts", "--no-audit", "--no-fund")
    npm(copy, "run", "build")
    return copy


def npm(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["npm", *arguments], cwd=folder, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, f"npm {' '.join(arguments)}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    return done.stdout


def files_below(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


class TestShippedFiles:
    def test_are_exactly_what_the_sources_build_to(self, workspace: Path) -> None:
        built, shipped = workspace / "dist", WEB / "dist"
        assert files_below(built) == files_below(shipped)
        names = sorted(files_below(built))
        different = [name for name in names if not filecmp.cmp(built / name, shipped / name, shallow=False)]
        assert different == [], "run `npm run build` in web/ and commit web/dist"

    def test_types_and_tests_of_the_front_end_pass(self, workspace: Path) -> None:
        npm(workspace, "run", "check")
        output = npm(workspace, "test")
        assert re.search(r"Tests\s+\d+ passed", re.sub(r"\x1b\[[0-9;]*m", "", output))

    def test_types_of_the_api_are_those_of_the_server(self, workspace: Path, tmp_path: Path) -> None:
        document = tmp_path / "openapi.json"
        app = create_app(Settings(data_dir=tmp_path, _env_file=None))
        document.write_text(json.dumps(app.openapi(), ensure_ascii=False), encoding="utf-8")
        generated = tmp_path / "schema.d.ts"
        npm(workspace, "exec", "-w", "@yingda/console", "--", "openapi-typescript", str(document), "-o", str(generated))
        kept = WEB / "console" / "src" / "api" / "schema.d.ts"
        assert filecmp.cmp(generated, kept, shallow=False), "run `npm run generate-api -w @yingda/console` in web/"

    def test_lock_names_no_registry(self) -> None:
        resolved = re.findall(r'"resolved": "([^"]+)"', (WEB / "package-lock.json").read_text(encoding="utf-8"))
        assert [place for place in resolved if "://" in place] == []

    def test_stays_small(self) -> None:
        assert sum(path.stat().st_size for path in (WEB / "dist").rglob("*") if path.is_file()) < 8_000_000
