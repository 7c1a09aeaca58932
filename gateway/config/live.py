"""The config in force: read at the start and whenever the file changes, replaced by one assignment or not at all.

A broken file changes nothing but `error`. What is compared is the content, not a file time, because a mounted
ConfigMap changes by swapping a symbolic link.
"""

import asyncio
import hashlib
import logging
from collections.abc import Callable, Mapping
from pathlib import Path

from msgspec import Struct
from pydantic import SecretStr, ValidationError

from gateway.config import wording
from gateway.config.compile import compile_config
from gateway.config.compiled import Snapshot
from gateway.config.crosscheck import crosscheck
from gateway.config.load import parse, read
from gateway.config.problems import ConfigError, Problem
from gateway.config.schema import Config, Listen

_log = logging.getLogger("pointsman.config")


_UNREADABLE = "unreadable"
"""Stands for the digest of a file that could not be read."""


class _Candidate(Struct, frozen=True):
    """A config that could be put in force."""

    config: Config
    snapshot: Snapshot
    warnings: tuple[Problem, ...]


class _Attempt(Struct, frozen=True):
    """One reading of the file. `outcome` is None when its content is the one in force already."""

    data: bytes
    digest: str
    outcome: _Candidate | ConfigError | None


class Live:
    """Holds `current`, the only thing a request reads. The rest is for those who start, watch and ask.

    `config` is what `current` was compiled from; `error` says why the file as last read was refused, None when it was
    not; `warnings` is what is odd about the config in force.
    """

    def __init__(
        self,
        path: Path,
        environ: Mapping[str, str],
        host: str | None = None,
        port: int | None = None,
        data: bytes | None = None,
    ) -> None:
        """Read and compile the file, or begin with `data` as if it stood there. `host` and `port` override its `listen`.

        Raises `ConfigError`.
        """
        self.path = path
        self._environ = environ
        self._overrides = {key: value for key, value in (("host", host), ("port", port)) if value is not None}
        self._bound: Listen | None = None
        self._ledger: SecretStr | None = None
        self._adapt: Callable[[Config], Config] = _unchanged
        data = read(path) if data is None else data
        found = self._candidate(data)
        self.data = data
        """The bytes that `current` was made from."""
        self.current: Snapshot = found.snapshot
        self.config: Config = found.config
        self.warnings: tuple[Problem, ...] = found.warnings
        self.error: ConfigError | None = None
        self._bound = found.config.listen
        self._ledger = found.config.ledger.url
        self._seen = self._in_force = _digest(data)
        self._rereading = asyncio.Lock()

    @classmethod
    def open(cls, path: Path, environ: Mapping[str, str], host: str | None = None, port: int | None = None) -> "Live":
        """The config of a file, in force. Raises `ConfigError` when there is no good one to start with."""
        return cls(path, environ, host, port)

    @property
    def last_reload_ok(self) -> bool:
        """Whether the file, as last read, is the config in force."""
        return self.error is None

    def overlay(self, adapt: Callable[[Config], Config]) -> None:
        """Pass this config and all read later through a function before they are compiled. Raises `ConfigError`."""
        config = adapt(self.config)
        self.current = compile_config(config, self.current.version)
        self.config = config
        self._adapt = adapt

    def reload(self) -> bool:
        """Read the file again. True when another config is in force now; same bytes and broken ones change nothing."""
        attempt = self._attempt()
        return attempt is not None and self._install(attempt)

    async def reread(self) -> bool:
        """The same, compiled in a thread: parsing a large file would hold up every stream."""
        async with self._rereading:  # or of two readings the older might be installed last
            attempt = await asyncio.to_thread(self._attempt)
            return attempt is not None and self._install(attempt)

    async def watch(self, interval_s: float = 2.0, on_change: Callable[[Snapshot], None] = lambda _: None) -> None:
        """Reload whenever the content changes, until cancelled. `on_change` is called on the event loop."""
        while True:
            await asyncio.sleep(interval_s)
            if not await self.reread():  # should a `reload` come in between, the older content is found out at the next turn
                continue
            try:
                on_change(self.current)
            except Exception:  # the watch survives whatever its listener does, or no later file would ever be read
                _log.exception("a listener failed on config %s", self.current.version)

    def _attempt(self) -> _Attempt | None:
        """Read and compile without changing anything; None when the content is what was seen last."""
        data, digest = b"", _UNREADABLE
        try:
            data = read(self.path)
            digest = _digest(data)
            if digest == self._seen:
                return None
            return _Attempt(data, digest, None if digest == self._in_force else self._candidate(data))
        except ConfigError as error:
            return None if digest == self._seen else _Attempt(data, digest, error)

    def _install(self, attempt: _Attempt) -> bool:
        """Put a good config in force, or note why it was refused."""
        self._seen = attempt.digest
        outcome = attempt.outcome
        if isinstance(outcome, ConfigError):
            self.error = outcome
            for problem in outcome.problems:
                _log.warning("config refused: %s: %s: %s", self.path, problem.severity, problem)
            return False
        self.error = None
        if outcome is None:
            return False
        self.data = attempt.data
        self.current = outcome.snapshot
        self.config = outcome.config
        self.warnings = outcome.warnings
        self._in_force = attempt.digest
        for problem in outcome.warnings:
            _log.warning("config: %s: %s", self.path, problem)
        return True

    def _candidate(self, data: bytes) -> _Candidate:
        """The file's bytes, compiled for the address that is bound already or is about to be. Raises `ConfigError`."""
        config = parse(data, self._environ)
        wanted = _overridden(config.listen, self._overrides)
        bound = self._bound or wanted
        warnings = []
        if wanted != bound:
            kept = "a change needs a restart; the old address stays in use until then"
            warnings.append(Problem("listen", kept, severity="warning"))
        if self._ledger is not None and config.ledger.url != self._ledger:
            kept = "a change needs a restart; the old ledger stays in use until then"
            warnings.append(Problem("ledger.url", kept, severity="warning"))
        # Before compiling: whether keys may be missing depends on the address in use, not on the one in the file.
        config = self._adapt(config.model_copy(update={"listen": bound}))
        snapshot = compile_config(config, _digest(data))
        return _Candidate(config=config, snapshot=snapshot, warnings=(*warnings, *crosscheck(config)))


def _overridden(listen: Listen, overrides: Mapping[str, object]) -> Listen:
    """The address with what the command line says instead. Raises `ConfigError`."""
    wanted = {**listen.model_dump(), **overrides}
    try:
        return Listen.model_validate(wanted)
    except ValidationError as error:
        found = wording.problems(error.errors(include_url=False), Listen, wanted, {})
    raise ConfigError(Problem(f"--{problem.path}", problem.message) for problem in found)


def _unchanged(config: Config) -> Config:
    return config


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:12]
