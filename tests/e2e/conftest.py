"""A real browser against `yingda demo`, started as a user starts it."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from core.settings import REPOSITORY

IS_CI = os.environ.get("CI") == "true"
START_SECONDS = 300  # the first start embeds the whole knowledge base and writes a month of history


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a freshly made demo."""
    with _running(tmp_path_factory.mktemp("demo"), "demo") as (base, _):
        yield base


@pytest.fixture
def empty_installation(tmp_path: Path) -> Iterator[str]:
    """The address that `yingda serve` prints on an installation without a tenant, `…/console/setup#token=…`."""
    with _running(tmp_path, "serve") as (base, log):
        address = re.search(rf"{re.escape(base)}/console/setup#token=\S+", log.read_text())
        assert address, log.read_text()
        yield address.group()


@contextmanager
def _running(folder: Path, command: str) -> Iterator[tuple[str, Path]]:
    """A server with its data in `folder`: its address, and the file of what it prints."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = folder / "log.txt"
    environment = {key: value for key, value in os.environ.items() if not key.startswith("YINGDA_")}
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "server.cli", command, "--port", str(port)],
            cwd=folder,
            env={**environment, "PYTHONPATH": str(REPOSITORY), "YINGDA_DATA_DIR": str(folder / "var")},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    base = f"http://127.0.0.1:{port}"
    try:
        _wait_until_ready(base, process, log)
        yield base, log
    finally:
        process.send_signal(signal.SIGINT)
        status = process.wait(30)
    assert status == 0, log.read_text()  # Ctrl-C stops it cleanly


def _wait_until_ready(base: str, process: subprocess.Popen[bytes], log: Path) -> None:
    transport = httpx2.HTTPTransport(retries=0)
    with httpx2.Client(transport=transport, timeout=2) as client:
        for _ in range(START_SECONDS * 2):
            assert process.poll() is None, log.read_text()
            try:
                if client.get(f"{base}/readyz").status_code == 200:
                    return
            except httpx2.TransportError:
                pass
            try:
                process.wait(0.5)  # not a sleep: ends at once if the process does
            except subprocess.TimeoutExpired:
                continue
    raise AssertionError(f"not ready after {START_SECONDS} s\n{log.read_text()}")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, or whichever is on the path.

    One a module: Playwright keeps an event loop running in this thread, and tests elsewhere need to run their own.
    """
    executable = next(
        (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
    )
    if executable is None:
        if IS_CI:
            pytest.fail("Chromium is missing, and CI must test in a real browser")
        pytest.skip("Chromium is not installed")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(
            executable_path=executable,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"],
        )
        yield running
        running.close()


@pytest.fixture
def new_page(browser: Browser, demo: str) -> Iterator[Callable[..., Page]]:
    """Makes pages in contexts of their own; fails the test on a script error or a request to a foreign host."""
    contexts: list[BrowserContext] = []
    troubles: list[str] = []

    def make(width: int = 1280, height: int = 800, locale: str = "zh-CN", base: str = demo, **options: Any) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": height},
            locale=locale,
            base_url=base,
            timezone_id="Asia/Shanghai",
            **options,
        )
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: troubles.append(f"script error: {error}"))
        page.on("request", lambda request: _note_foreign(request.url, base, troubles))
        page.on(
            "console",
            lambda message: troubles.append(message.text) if "Content Security Policy" in message.text else None,
        )
        return page

    yield make
    for context in contexts:
        context.close()
    assert troubles == []


def _note_foreign(url: str, base: str, troubles: list[str]) -> None:
    ours = (base, base.replace("http", "ws"), "data:", "blob:", "about:")
    if not url.startswith(ours):
        troubles.append(f"foreign request: {url}")


@pytest.fixture(scope="session")
def picture() -> Callable[[Page, str], None]:
    """Takes the README's screenshots when YINGDA_SCREENSHOTS names a folder."""
    folder = os.environ.get("YINGDA_SCREENSHOTS")

    def take(page: Page, name: str) -> None:
        if folder:
            page.wait_for_timeout(400)  # only for pictures: let transitions finish
            page.screenshot(path=str(Path(folder) / f"{name}.png"))

    return take
