"""Reads recorded calls whose cached tokens the provider reported: Claude Code's and Codex's, as comma-separated rows.

Columns: `repo`, `session`, `n`, `t_req`, `model`, `trigger`, `out`, `client_version`; then for Claude Code `t_first`,
`t_last`, `in_uncached`, `write_5m`, `write_1h`, `cache_read`, and for Codex `t_usage`, `input_total`, `cached`,
`compactions_so_far`. Counts only; there is no text in them.
"""

import csv
import gzip
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from gateway.metering.types import granted_ttl_s

Session = tuple[str, str]
"""Repository, session."""


class NotATrace(ValueError):
    """The file is not one of the two kinds; the message says what is missing."""


class Call(Struct, frozen=True):
    """One call: what was known when it was sent, and what its answer reported."""

    session: Session
    n: str
    provider: str
    model: str
    version: str
    sent: float
    began: float
    """When its answer began."""
    ended: float
    person: bool
    """Its prompt ended with a person's message."""
    total: int
    """Input tokens, cached ones included. Of the prompt, so known before as well as a count of it is."""
    read: int
    kept: int
    """Tokens that its cache holds after the answer."""
    kinds: Mapping[str, int]
    out: int
    epoch: str = ""
    """Changes when the client says that it compacted."""

    @property
    def key(self) -> tuple[str, str, str]:
        return (*self.session, self.n)

    @property
    def granted_s(self) -> float:
        return granted_ttl_s(self.kinds)


def read_trace(path: Path) -> list[Call]:
    """All calls of a file, in its order. Raises `NotATrace`, or `OSError`."""
    opener = gzip.open if path.suffix == ".gz" else open
    try:
        with opener(path, "rt", encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        return [_codex(row) if "input_total" in row else _claude(row) for row in rows]
    except KeyError as error:
        raise NotATrace(f"no column is called {error.args[0]!r}") from None
    except (ValueError, TypeError, EOFError, csv.Error, gzip.BadGzipFile) as error:
        raise NotATrace(str(error)) from None


def by_session(calls: Iterable[Call]) -> dict[Session, list[Call]]:
    sessions: dict[Session, list[Call]] = {}
    for call in calls:
        sessions.setdefault(call.session, []).append(call)
    return sessions


def scored(calls: Sequence[Call]) -> list[tuple[Call, Call]]:
    """Calls that can be judged, each with the one before it: same session and model, of at least 5,000 input tokens.

    Of Codex the one before must be the very last call, and nothing compacted in between.
    """
    pairs: list[tuple[Call, Call]] = []
    for session in by_session(calls).values():
        last: dict[str, Call] = {}
        latest = ""
        for call in session:
            before = last.get(call.model)
            if before is not None and call.provider == "openai" and (latest != call.model or before.epoch != call.epoch):
                before = None
            if before is not None and before.total >= SCORED_FROM:
                pairs.append((before, call))
            last[call.model] = call
            latest = call.model
    return pairs


SCORED_FROM = 5000


def _claude(row: Mapping[str, str]) -> Call:
    uncached, short, long, read = (int(row[name]) for name in ("in_uncached", "write_5m", "write_1h", "cache_read"))
    kinds = {"input_uncached": uncached, "cache_write_5m": short, "cache_write_1h": long, "cache_read": read}
    total = uncached + short + long + read
    times = float(row["t_first"]), float(row["t_last"])
    return _call(row, "anthropic", times, total=total, kept=total - uncached, kinds=kinds)


def _codex(row: Mapping[str, str]) -> Call:
    total, read, ended = int(row["input_total"]), int(row["cached"]), float(row["t_usage"])
    kinds = {"input_uncached": total - read, "cache_read": read}
    epoch = row["compactions_so_far"]
    return _call(row, "openai", (ended, ended), total=total, kept=total, kinds=kinds, epoch=epoch)


def _call(
    row: Mapping[str, str],
    provider: str,
    times: tuple[float, float],
    *,
    total: int,
    kept: int,
    kinds: Mapping[str, int],
    epoch: str = "",
) -> Call:
    """A call from what the two kinds of rows name differently; `times` are the beginning and end of its answer."""
    return Call(
        session=(row["repo"], row["session"]),
        n=row["n"],
        provider=provider,
        model=row["model"],
        version=row["client_version"],
        sent=float(row["t_req"]),
        began=times[0],
        ended=times[1],
        person=row["trigger"] == "user",
        total=total,
        read=kinds["cache_read"],
        kept=kept,
        kinds={kind: tokens for kind, tokens in kinds.items() if tokens},
        out=int(row["out"]),
        epoch=epoch,
    )
