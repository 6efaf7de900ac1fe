"""What gets hurt: a server, a PostgreSQL and a Redis of our own, each a child that we end by its own process id."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from core.settings import REPOSITORY

_POSTGRES_HOMES = ("/usr/lib/postgresql", "/usr/local/pgsql", "/opt/homebrew/opt")
_START_SECONDS = 60


class Missing(RuntimeError):
    """A program that a scenario needs is not installed."""


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class OwnServer:
    """`yingda serve` as a child process."""

    def __init__(self, folder: Path, database_url: str, redis_url: str = "", *, module: str = "server.cli") -> None:
        self.port = free_port()
        self.base_url = f"http://127.0.0.1:{self.port}"
        self.log = folder / f"server-{self.port}.log"
        self._arguments = [sys.executable, "-m", module, "serve", "--port", str(self.port)]
        self._environment = {
            **os.environ,
            "PYTHONPATH": str(REPOSITORY),
            "YINGDA_DATA_DIR": str(folder / "data"),
            "YINGDA_DATABASE_URL": database_url,
            "YINGDA_REDIS_URL": redis_url,
            "YINGDA_LOG_LEVEL": "warning",
        }
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts it; `wait` tells when it serves."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._arguments, env=self._environment, cwd=REPOSITORY, stdout=log, stderr=log
            )

    def wait(self) -> None:
        """Returns once it is ready.

        Raises:
            RuntimeError: it ended, or took too long; with the end of its log.
        """
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline and self._process is not None and self._process.poll() is None:
            try:
                with urllib.request.urlopen(f"{self.base_url}/readyz", timeout=1):
                    return
            except OSError:
                time.sleep(0.05)
        raise RuntimeError(f"the server does not start: {self.log.read_text(encoding='utf-8')[-2000:]}")

    def kill(self) -> None:
        """SIGKILL: no chance to finish anything."""
        self._signal(signal.SIGKILL)

    def stop(self) -> int:
        """SIGTERM: it may finish what it has; returns its exit status."""
        return self._signal(signal.SIGTERM)

    def begin_stop(self) -> None:
        """SIGTERM without waiting."""
        assert self._process is not None
        self._process.terminate()

    def _signal(self, number: signal.Signals) -> int:
        if self._process is None:
            return 0
        self._process.send_signal(number)
        status = self._process.wait(30)
        self._process = None
        return status

    @property
    def cpu_seconds(self) -> float:
        """Processor time that the child has used; 0 where the system does not tell."""
        stat = Path(f"/proc/{self._process.pid}/stat") if self._process is not None else Path()
        if not stat.is_file():
            return 0.0
        fields = stat.read_text(encoding="utf-8").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    @property
    def log_lines(self) -> int:
        return len(self.log.read_text(encoding="utf-8").splitlines()) if self.log.exists() else 0


class OwnPostgres:
    """A cluster in a folder of its own, on a port of its own, run by an unprivileged user."""

    def __init__(self) -> None:
        self._bin = _postgres_bin()
        self._folder = Path(tempfile.mkdtemp(prefix="yingda-pg-"))  # its user must be able to reach it
        self._port = free_port()
        self._user = _unprivileged_user()
        self.url = f"postgresql://yingda@127.0.0.1:{self._port}/postgres"

    def create(self) -> None:
        """Makes the cluster, with its durability as shipped, and starts it."""
        if self._user is not None:
            account = pwd.getpwnam(self._user)
            os.chown(self._folder, account.pw_uid, account.pw_gid)
        self._run("initdb", "-D", str(self._folder), "-U", "yingda", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8")
        self.start()

    def start(self) -> None:
        options = f"-p {self._port} -c listen_addresses=127.0.0.1 -k {self._folder} -c max_connections=60"
        log = str(self._folder / "server.log")
        self._run("pg_ctl", "-D", str(self._folder), "-l", log, "-w", "-o", options, "start")

    def crash(self) -> None:
        """Immediate shutdown: what a power cut leaves to recovery."""
        self._run("pg_ctl", "-D", str(self._folder), "-m", "immediate", "-w", "stop")

    def close(self) -> None:
        if (self._folder / "postmaster.pid").exists():
            self.crash()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [str(self._bin / program), *arguments],
            user=self._user,
            group=self._user and pwd.getpwnam(self._user).pw_gid,
            check=True,
            cwd="/",
            stdout=subprocess.DEVNULL,
        )


class OwnRedis:
    """A Redis without persistence, on a port of its own."""

    def __init__(self, folder: Path) -> None:
        program = shutil.which("redis-server")
        if program is None:
            raise Missing("redis-server")
        self._port = free_port()
        self._command = [
            program, "--port", str(self._port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
            "--dir", str(folder), "--daemonize", "no",
        ]  # fmt: skip
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"redis://127.0.0.1:{self._port}/0"

    def start(self) -> None:
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            try:
                with socket.create_connection(("127.0.0.1", self._port), timeout=1):
                    return
            except OSError:
                time.sleep(0.02)
        raise RuntimeError("redis does not start")

    def crash(self) -> None:
        """SIGKILL."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            self._process = None

    close = crash


def _postgres_bin() -> Path:
    if (found := shutil.which("initdb")) is not None:
        return Path(found).parent
    for home in _POSTGRES_HOMES:
        for candidate in sorted(Path(home).glob("*/bin/initdb"), reverse=True):
            return candidate.parent
    raise Missing("initdb")


def _unprivileged_user() -> str | None:
    """PostgreSQL refuses to run as root."""
    return "postgres" if os.geteuid() == 0 else None
