"""The ledger's writer as a process of its own, so that booking never takes the interpreter from a request.

The gateway starts it and holds the other end of its standard input; when that ends, whatever the reason, the writer books
what is left and goes. What it has to say it writes into a small file that any process may look at. It imports nothing of the
server, and ignores the signals of a terminal: its gateway decides.

It yields the processor to requests. A little is booked by a thread that runs only while nobody else wants its core
(sched(7), SCHED_IDLE): even one with `nice` keeps an event of a stream waiting until its slice is over, 3 ms. Where more has
come together, such a thread might never be done, so the main one does it, with `nice` and a share of its own.
"""

import contextlib
import mmap
import os
import select
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from msgspec import Struct

from gateway.metering.ledger import Ledger, Place
from gateway.metering.ledger_face import UNREADABLE
from gateway.metering.ledger_home import names_of, offsets
from gateway.metering.ledger_postgres import Database
from gateway.metering.ledger_segments import waiting_bytes
from gateway.metering.ledger_writer import LedgerWriter

URL_VARIABLE = "POINTSMAN_LEDGER_URL"
NICENESS = 10
LITTLE_BYTES = 16 * 1024
"""What is left to the idle thread: some 15 requests, a millisecond. On a core that is full it takes half a second."""
STOP_S = 15.0
"""How long the writer may take to book what is left when the gateway stops; nothing is lost if it is not done by then."""
_STATUS = struct.Struct("<qd")


class Status(Struct, frozen=True):
    """What the writer last said of itself."""

    errors: int
    """Writes that failed and records that could not be booked, since the home was made."""
    caught_up_at: float
    """Monotonic seconds of this machine; 0 while it was never so far."""


class Board:
    """The file the writer says it in."""

    def __init__(self, journal_folder: Path) -> None:
        journal_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = os.open(journal_folder / "writer.status", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            os.ftruncate(file, _STATUS.size)
            self._memory = mmap.mmap(file, _STATUS.size)
        finally:
            os.close(file)

    def read(self) -> Status:
        return Status(*_STATUS.unpack(self._memory))

    def write(self, status: Status) -> None:
        self._memory[:] = _STATUS.pack(status.errors, status.caught_up_at)


class LedgerProcess:
    """The gateway's side of it."""

    def __init__(self, journal_folder: Path, ledger: Ledger) -> None:
        self._folder = journal_folder
        self._ledger = ledger
        self._board = Board(journal_folder)
        self._process: subprocess.Popen[bytes] | None = None
        self._offsets: Mapping[str, int] = {}
        """As they were when they could last be read."""

    @property
    def home(self) -> str:
        """The home's name in a ledger that several share; empty where it has one to itself."""
        return names_of(self._folder, self._ledger.place).removesuffix("/")

    def recover(self) -> None:
        """Book what earlier processes left behind, here and now, so that totals are whole before anybody reads them."""
        writer = LedgerWriter(self._folder, self._ledger.place)
        try:
            writer.recover()
        finally:
            writer.close()
        before = self._board.read()
        self._board.write(Status(errors=before.errors + writer.errors, caught_up_at=time.monotonic()))

    def start(self) -> None:
        """Start the writer, or start it again when it has ended; does nothing while it runs."""
        if self._process is not None:
            if self._process.poll() is None:
                return
            self._let_go()
        place = self._ledger.place
        file, url = ("", place.url) if isinstance(place, Database) else (str(place), "")
        command = [sys.executable, "-m", "gateway.metering.ledger_process", str(self._folder), file]
        environment = {
            **os.environ,
            URL_VARIABLE: url,  # anyone may read a command line, and a URL has a password
            "MALLOC_ARENA_MAX": "1",  # two threads that never run at once need no memory each
        }
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            command, stdin=subprocess.PIPE, process_group=0, env=environment
        )

    def stop(self) -> None:
        """Let the writer book what is left and wait for it; call when the journal is closed."""
        if (process := self._let_go()) is None:
            return
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _let_go(self) -> "subprocess.Popen[bytes] | None":
        """End its standard input, by which it knows that nobody needs it any more."""
        process, self._process = self._process, None
        if process is not None and process.stdin is not None:
            process.stdin.close()
        return process

    @property
    def errors(self) -> int:
        return self._board.read().errors

    @property
    def caught_up_at(self) -> float:
        """The newest moment, in monotonic seconds, whose records are all in the ledger."""
        return self._board.read().caught_up_at

    def backlog_bytes(self) -> int:
        """Bytes of journal that are not in the ledger yet, whoever writes it; all since it could last be read."""
        with contextlib.suppress(*UNREADABLE):
            rows = self._ledger.rows("SELECT name, offset FROM segments")
            names = names_of(self._folder, self._ledger.place)
            self._offsets = offsets(((row["name"], row["offset"]) for row in rows), names)
        return self.known_backlog_bytes()

    def known_backlog_bytes(self) -> int:
        """The same by what was last read, without asking the ledger."""
        return waiting_bytes(self._folder, self._offsets)

    def lag_s(self, backlog_bytes: int) -> float:
        """How old the newest moment is whose records are all booked; 0 while nothing waits."""
        return 0.0 if not backlog_bytes else max(0.0, time.monotonic() - self._board.read().caught_up_at)


def run(journal_folder: Path, place: Place) -> None:
    """Write the ledger until standard input ends, then book what is left."""
    os.nice(NICENESS)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    board = Board(journal_folder)
    before = board.read()
    writer = LedgerWriter(journal_folder, place)

    def tell() -> None:
        caught_up_at = max(writer.caught_up_at, before.caught_up_at)
        board.write(Status(errors=before.errors + writer.errors, caught_up_at=caught_up_at))

    idle = idle_thread()
    ended = False
    while not ended:
        pause = turn(writer, idle)
        tell()
        ready, _, _ = select.select([0], [], [], pause)
        ended = bool(ready) and not os.read(0, 1)
    writer.recover()
    tell()
    writer.close()


def turn(writer: LedgerWriter, idle: ThreadPoolExecutor) -> float:
    """A turn of the writer, by the thread that fits what waits; the seconds to wait before the next."""
    return idle.submit(writer.turn).result() if writer.waiting_bytes() <= LITTLE_BYTES else writer.turn()


def idle_thread() -> ThreadPoolExecutor:
    """A thread that runs only while nobody else wants its core, where the system knows such a thing."""
    return ThreadPoolExecutor(1, initializer=_give_way)


def _give_way() -> None:
    with contextlib.suppress(OSError, AttributeError):
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))


if __name__ == "__main__":
    url = os.environ.get(URL_VARIABLE)
    run(Path(sys.argv[1]), Database.parse(url) if url else Path(sys.argv[2]))
