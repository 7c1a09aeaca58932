"""A throw-away PostgreSQL server for tests: Debian's, on loopback, with a password, in a folder of its own."""

import contextlib
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from gateway.metering.ledger_postgres import Database
from tests.debian import installed

USER, PASSWORD = "books", "pass word/@:ü"
START_S = 30.0
DATABASES_MAX = 8
"""Kept at a time; a test holds one or two."""
_SETTINGS = ("ssl=on", "fsync=off", "full_page_writes=off", "max_connections=60", "log_min_messages=panic", "log_min_error_statement=panic")


class Server:
    """One cluster. It may be killed and started again."""

    def __init__(self) -> None:
        installed("psql", "postgresql")
        self._programs = max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
        self.folder = Path(tempfile.mkdtemp(prefix="pointsman-pg-"))
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._as: dict[str, object] = {}
        self._databases: deque[str] = deque()
        if os.geteuid() == 0:  # the server refuses to run as root
            user = pwd.getpwnam("postgres")
            os.chown(self.folder, user.pw_uid, user.pw_gid)
            self._as = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        secret = self.folder / "password"
        secret.write_text(PASSWORD)
        secret.chmod(0o644)
        subprocess.run(
            [self._programs / "initdb", "-D", self.folder / "data", "-U", USER, "-A", "scram-sha-256", "-E", "UTF8",
             "--locale=C.UTF-8", f"--pwfile={secret}", "--no-sync"],
            check=True, capture_output=True, cwd=self.folder, **self._as,
        )  # fmt: skip

        self.certificate = self.folder / "server.crt"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
             "-subj", "/CN=postgres", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "server.key", "-out", "server.crt"],
            check=True, capture_output=True, cwd=self.folder, **self._as,
        )  # fmt: skip

    def start(self) -> None:
        """Start it and wait until it answers."""
        files = f"ssl_cert_file={self.certificate}", f"ssl_key_file={self.folder / 'server.key'}"
        settings = [part for each in (*_SETTINGS, *files) for part in ("-c", each)]
        command = [self._programs / "postgres", "-D", self.folder / "data", "-k", self.folder, "-p", str(self.port), *settings]
        ends = time.monotonic() + START_S
        while True:
            if self._process is None or self._process.poll() is not None:  # what a killed one left may still be going
                self._process = subprocess.Popen(command, stderr=subprocess.DEVNULL, cwd=self.folder, **self._as)
            with contextlib.suppress(Exception):
                Database.parse(self.url("postgres")).reader().close()
                return
            assert time.monotonic() < ends, "PostgreSQL does not start"
            time.sleep(0.05)

    def kill(self) -> None:
        """As a crash: nothing is said to anybody."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    @property
    def process(self) -> "subprocess.Popen[bytes]":
        assert self._process is not None
        return self._process

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        """It accepts connections, as the kernel does for it, and says nothing."""
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, name: str, host: str = "127.0.0.1") -> str:
        """Of a database by this name, by TCP or by the socket in a folder."""
        before = f"postgresql://{USER}:{quote(PASSWORD, safe='')}@"
        return f"{before}:{self.port}/{name}?host={host}" if host.startswith("/") else f"{before}{host}:{self.port}/{name}"

    def database(self) -> Database:
        """A new one, empty. The oldest goes: each is some 300 files, and a run makes hundreds."""
        name = f"ledger_{secrets.token_hex(6)}"
        connection = Database.parse(self.url("postgres")).reader()
        connection.execute("SET default_transaction_read_only = off")
        if len(self._databases) == DATABASES_MAX:
            connection.execute(f"DROP DATABASE {self._databases.popleft()} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {name}")
        self._databases.append(name)
        connection.close()
        return Database.parse(self.url(name))


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """The server of a whole run; who kills it starts it again."""
    server = Server()
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Path | Database:
    """Where a ledger may lie: a test that takes it is run for each."""
    if request.param == "sqlite":
        return tmp_path / "ledger.db"
    server: Server = request.getfixturevalue("postgres")
    return server.database()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
