"""A whole gateway as its users run it, `pointsman serve` in a process of its own, and scripted upstreams for it."""

import contextlib
import http.client
import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")
ROOT = Path(__file__).parents[2]
START_S = 20.0


@dataclass
class Reply:
    """An answer with its headers in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def told(self) -> str:
        return self.headers.get("x-pointsman-request-id", "")


@dataclass
class Gateway:
    """A running `pointsman serve`."""

    process: "subprocess.Popen[str]"
    port: int
    home: Path
    config: Path
    output: list[str] = field(default_factory=list)
    listener: threading.Thread | None = None

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ask(
        self, path: str, body: Any = None, headers: dict[str, str] | None = None, method: str | None = None
    ) -> Reply:
        """One request on a connection of its own; a body that is no bytes goes as JSON."""
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        lines = {"content-type": "application/json", **(headers or {})}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method or ("GET" if data is None else "POST"), path, data, lines)
            answer = connection.getresponse()
            return Reply(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    def open(self, path: str, body: Any, headers: dict[str, str] | None = None) -> socket.socket:
        """Send a POST and leave reading to the caller."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        lines = {"host": "gateway", "content-type": "application/json", "content-length": str(len(data))}
        head = "".join(f"{name}: {value}\r\n" for name, value in {**lines, **(headers or {})}.items())
        wire = socket.create_connection(("127.0.0.1", self.port), timeout=30)
        wire.sendall(f"POST {path} HTTP/1.1\r\n{head}\r\n".encode() + data)
        return wire

    def metric(self, name: str, **labels: str) -> float:
        """The sum of a metric's series that carry these labels; 0 where there are none."""
        total = 0.0
        for line in self.ask("/metrics").body.decode().splitlines():
            found = re.fullmatch(re.escape(name) + r"(?:\{(.*)\})? (\S+)", line)
            if found and all(f'{key}="{value}"' in (found[1] or "") for key, value in labels.items()):
                total += float(found[2])
        return total

    def row(self, reply: Reply) -> dict[str, Any]:
        """The ledger's row of an answered request, once it is settled."""
        return wait_for(lambda: next(iter(self.rows("AND id = ?", reply.told)), None))

    def rows(self, condition: str = "", *values: Any) -> list[dict[str, Any]]:
        """Settled rows of the ledger."""
        path = self.home / "ledger.db"
        query = f"SELECT * FROM requests WHERE settled_at IS NOT NULL {condition}"
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)) as ledger:
            ledger.row_factory = sqlite3.Row
            return [dict(row) for row in ledger.execute(query, values)]

    def stop(self, how: int = signal.SIGTERM) -> int:
        if self.process.poll() is None:
            self.process.send_signal(how)
        code = self.process.wait(20)
        if self.listener is not None:
            self.listener.join(5)
        return code


@contextlib.contextmanager
def gateway(
    folder: Path, config: dict[str, Any] | str, env: dict[str, str] | None = None, options: Sequence[str] = ()
) -> Iterator[Gateway]:
    """Start a gateway in a folder; config as YAML text or as what JSON can say (which YAML reads)."""
    path = folder / "pointsman.yaml"
    path.write_text(config if isinstance(config, str) else json.dumps(config))
    running = start(folder, path, env, options)
    try:
        yield running
    finally:
        running.stop()


def start(
    folder: Path, path: Path, env: dict[str, str] | None = None, options: Sequence[str] = (), port: int = 0
) -> Gateway:
    """`pointsman serve` on a port, or a free one, ready to answer."""
    command = [sys.executable, "-m", "gateway", "serve", "--config", str(path), "--port", str(port)]
    command += ["--home", str(folder / "home"), *options]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "HOME": str(folder), **(env or {})}
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment, cwd=folder
    )
    running = Gateway(process, 0, folder / "home", path)
    running.listener = threading.Thread(target=_listen, args=(running,), daemon=True)
    running.listener.start()
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and process.poll() is None:
        if running.port:
            with contextlib.suppress(OSError):
                if running.ask("/readyz").status == 200:
                    return running
        time.sleep(0.02)
    process.kill()
    raise AssertionError("the gateway did not start:\n" + "".join(running.output))


def _listen(running: Gateway) -> None:
    assert running.process.stdout is not None
    with running.process.stdout as lines:
        for line in lines:
            running.output.append(line)
            if found := re.search(r"base URL +http://[^ :]+:(\d+)/v1", line):
                running.port = int(found[1])


def wait_for(probe: Callable[[], T | None], within_s: float = 10.0) -> T:
    """What the probe gives as soon as it gives something."""
    deadline = time.monotonic() + within_s
    while True:
        found = probe()
        if found is not None:
            return found
        assert time.monotonic() < deadline, "it did not come in time"
        time.sleep(0.02)


@dataclass
class Arrived:
    """One request as an upstream got it."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Upstream:
    """A provider that says what a test tells it to, byte for byte, and notes what it was asked."""

    def __init__(self) -> None:
        self.arrived: list[Arrived] = []
        self.hung_up = threading.Event()
        """A client left before its answer was over."""
        self.script: Callable[[Arrived, socket.socket], None] = lambda asked, wire: wire.sendall(answer(b"{}"))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def says(self, *parts: bytes, status: int = 200, headers: dict[str, str] | None = None) -> None:
        """Answer every request with these chunks."""

        lines = {"content-type": "text/event-stream", "transfer-encoding": "chunked", **(headers or {})}

        def script(asked: Arrived, wire: socket.socket) -> None:
            wire.sendall(head(status, lines))
            for part in parts:
                wire.sendall(chunk(part))
            wire.sendall(b"0\r\n\r\n")

        self.script = script

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                wire, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(wire,), daemon=True).start()

    def _serve(self, wire: socket.socket) -> None:
        with wire, wire.makefile("rb") as reader:
            while asked := _request(reader):
                self.arrived.append(asked)
                try:
                    self.script(asked, wire)
                except OSError:
                    self.hung_up.set()
                    return


def _request(reader: Any) -> Arrived | None:
    line = reader.readline()
    if not line:
        return None
    method, target, _ = line.decode("latin-1").split(" ")
    headers = {}
    while (line := reader.readline()) not in (b"\r\n", b""):
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.lower()] = value.strip()
    return Arrived(method, target, headers, reader.read(int(headers.get("content-length", 0))))


def head(status: int, headers: dict[str, str]) -> bytes:
    """The head of an answer."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status} X\r\n{lines}\r\n".encode()


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def answer(body: bytes, status: int = 200, headers: dict[str, str] | None = None) -> bytes:
    """A whole JSON answer."""
    lines = {"content-type": "application/json", "content-length": str(len(body)), **(headers or {})}
    return head(status, lines) + body


def sse(*events: Any, names: bool = False) -> list[bytes]:
    """Events as a vendor writes them; with `names` each carries its type as the event's name."""
    named = (b"event: %b\n" % each["type"].encode() if names else b"" for each in events)
    return [name + b"data: %b\n\n" % json.dumps(each).encode() for name, each in zip(named, events, strict=True)]
