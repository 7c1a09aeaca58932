"""A labelled request, in the one form that is evaluated and trained on: a JSON line with the body as a client sends it."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from msgspec import Struct

from gateway.dialects.ask import NotReadable, read
from gateway.dialects.signals import signals
from gateway.explain import PATHS
from gateway.identify import Caller, identify
from gateway.wire.target import Target, head
from routing.types import AgentKind, Dialect, Signals


class NotACase(ValueError):
    """A line that is no labelled request; the message says why."""


class Case(Struct, frozen=True):
    """What a request shows, and where it should go."""

    name: str
    source: str
    """Where it comes from; cases of one source, or of one slice, are never trained on and tested on at once."""
    slice: str
    language: str
    code: bool
    ambiguous: bool
    ours: bool
    """Composed for training: never counted in a figure."""
    dialect: Dialect
    body: bytes
    signals: Signals
    thread: str = ""
    """Requests of one thread carry one name; empty where nothing is known of it."""
    agent: AgentKind = "main"
    client: str = "unknown"
    request_kind: str = ""


def seen(dialect: Dialect, body: bytes) -> tuple[Signals, Caller]:
    """A body as the gateway sees it."""
    ask = read(body, dialect, dialect)
    asked = head("POST", Target(path=PATHS[dialect], query="", team=""), [], len(body))
    return signals(ask), identify(asked, ask, "default")


def cases(lines: Iterable[dict[str, Any]], ours: bool = False) -> Iterator[Case]:
    """The cases of decoded lines. Raises `NotACase`."""
    for number, line in enumerate(lines, 1):
        try:
            dialect: Dialect = line.get("api", "chat")
            body = json.dumps(line["request"], ensure_ascii=False).encode("utf-8", "replace")
            found, caller = seen(dialect, body)
            yield Case(
                name=str(line.get("id", number)),
                source=str(line.get("source", "")),
                slice=str(line.get("slice", line.get("source", ""))),
                language=str(line.get("lang", "")),
                code=line["label"] == "code",
                ambiguous=bool(line.get("ambiguous")),
                ours=ours,
                dialect=dialect,
                body=body,
                signals=found,
                thread=str(line.get("thread", "")),
                agent=caller.agent,
                client=caller.client,
                request_kind=caller.request_kind,
            )
        except (KeyError, TypeError, AttributeError, NotReadable) as error:
            raise NotACase(f"line {number}: {type(error).__name__}: {error}") from None


def lines_of(path: Path) -> Iterator[dict[str, Any]]:
    """The lines of a file of cases. Raises `NotACase`."""
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                try:
                    yield json.loads(line)
                except json.JSONDecodeError as error:
                    raise NotACase(f"line {number}: {error}") from None
