"""`pointsman simulate` as a process: what it prints, that it answers, and how it ends."""

import argparse
import json
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from http.client import HTTPException
from pathlib import Path

import pytest

from gateway.commands import simulate
from gateway.simulator.faults import KINDS, parse

ROOT = Path(__file__).parents[3]
Start = Callable[..., tuple["subprocess.Popen[str]", str]]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts the command with these words and gives its process and its address."""
    running: list[subprocess.Popen[str]] = []

    def run(*words: str) -> tuple["subprocess.Popen[str]", str]:
        command = [sys.executable, "-m", "gateway", "simulate", "--port", "0", *words]
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        running.append(process)
        assert process.stdout is not None
        said = [process.stdout.readline() for _ in range(3)]
        found = re.search(r"base URL +(http://\S+)/v1\n", "".join(said))
        assert found, said
        return process, found[1]

    yield run
    for process in running:
        process.kill()
        process.communicate()


def ask(address: str, path: str, body: object = None) -> bytes:
    raw = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(address + path, raw, {"authorization": "Bearer k"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return bytes(answer.read())


def chat(stream: bool = False) -> dict[str, object]:
    return {"model": "gpt-6-sol", "messages": [{"role": "user", "content": "[[say: it works]]"}], "stream": stream}


def test_its_address_answers_as_soon_as_it_is_told(start: Start) -> None:
    _, address = start()
    assert b"it works" in ask(address, "/v1/chat/completions", chat())
    assert json.loads(ask(address, "/__sim/bill"))["requests"] == 1


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly(start: Start, sign: signal.Signals) -> None:
    process, address = start()
    ask(address, "/v1/chat/completions", chat(stream=True))
    process.send_signal(sign)
    said, complained = process.communicate(timeout=10)
    assert (process.returncode, said, complained) == (0, "", "")


def test_faults_leave_no_traces_of_their_own(start: Start) -> None:
    """Broken connections are what was asked for, so nothing is logged."""
    process, address = start("--fault", "reset;times=1,cut;times=1,cut;after_bytes=0;times=1")
    for stream in (True, True, False):
        with pytest.raises((OSError, HTTPException)):
            ask(address, "/v1/chat/completions", chat(stream))
    process.terminate()
    assert process.communicate(timeout=10)[1] == ""


def test_an_open_stream_does_not_hold_it_for_ever(start: Start) -> None:
    process, address = start("--pace", "5")
    host, port = address.removeprefix("http://").split(":")
    body = json.dumps(chat(stream=True) | {"messages": [{"role": "user", "content": "hello"}]})
    head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer k\r\nx-simulate-output-tokens: 9000\r\n" \
           f"content-length: {len(body)}\r\n\r\n"  # fmt: skip
    with socket.create_connection((host, int(port)), timeout=10) as wire:
        wire.sendall((head + body).encode())
        assert wire.recv(12) == b"HTTP/1.1 200"
        started = time.monotonic()
        process.terminate()
        process.communicate(timeout=simulate.GRACE_S + 10)
    assert process.returncode == 0
    assert time.monotonic() - started < simulate.GRACE_S + 5


def test_a_run_repeats_with_its_seed_and_differs_with_another(start: Start) -> None:
    body = {**chat(), "messages": [{"role": "user", "content": "hello"}]}
    texts = [
        json.loads(ask(start("--seed", seed)[1], "/v1/chat/completions", body))["choices"][0]["message"]["content"]
        for seed in ("1", "1", "2")
    ]
    assert texts[0] == texts[1] != texts[2]


def test_recording_keeps_bodies(start: Start) -> None:
    address = start("--record")[1]
    ask(address, "/v1/chat/completions", chat())
    (entry,) = json.loads(ask(address, "/__sim/journal"))["entries"]
    assert entry["body"]


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("--fault", "explode"), "unknown fault 'explode'"),
        (("--pace", "-3"), "a pace is between"),
        (("--pace", "nan"), "a pace is between"),
        (("--seed", str(2**64)), "64 bits"),
        (("--host", "203.0.113.7"), "cannot listen on 203.0.113.7"),
    ],
)
def test_a_setting_that_cannot_be_is_said_in_a_line(capsys: pytest.CaptureFixture[str], words: tuple[str, ...], complaint: str) -> None:
    assert run("--port", "0", *words) == 2
    said = capsys.readouterr().err
    assert said.startswith("pointsman simulate: ")
    assert complaint in said
    assert said.count("\n") == 1


def test_a_port_that_is_taken_is_said_in_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert run("--port", str(taken.getsockname()[1])) == 2
    assert "in use" in capsys.readouterr().err.lower()


def test_the_help_names_every_fault_and_lever() -> None:
    from gateway.simulator.control import _HANDLERS

    for kind in KINDS | {"status:"}:
        assert kind in simulate.EPILOG
    page = (ROOT / "docs/how-to/simulate.md").read_text("utf-8")
    for lever in _HANDLERS:
        assert lever in simulate.EPILOG
        assert lever.replace(" ", " /__sim/") in page
    shown = re.findall(r"(?<= )(?:status:\d+|[a-z_]+);[a-z_]+=[\d.]+", simulate.EPILOG)
    assert len(shown) >= 4
    assert parse(",".join(shown))


def run(*words: str) -> int:
    parser = argparse.ArgumentParser()
    simulate.register(parser.add_subparsers(required=True))
    args = parser.parse_args(["simulate", *words])
    return int(args.run(args))
