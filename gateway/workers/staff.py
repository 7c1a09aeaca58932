"""One worker as its supervisor sees it: a process, two socket pairs, and how many connections it holds."""

import array
import asyncio
import socket
import subprocess
import sys
import time

from gateway.metering.report import Source
from gateway.workers.messages import ToSupervisor, ToWorker, hear, say, to_supervisor
from gateway.workers.share import Share

SILENT_S = 3.0
"""A worker that has said nothing for so long has its loop held up: it gets no new connections until it speaks again."""


class Hand:
    """One worker. `ready` once it can take connections, `leaving` when it takes none any more."""

    def __init__(self, column: int, share: Share) -> None:
        """Start the process; it waits for its `Start`."""
        self.column = column
        self.ready = False
        self.heard_at = time.monotonic()
        self.leaving = False
        self.source = Source()
        self._share = share
        self._handed = 0
        share.columns.begin(column)
        self._control, control = socket.socketpair()
        self._wires, wires = socket.socketpair()
        self._wires.setblocking(False)
        inherited = [control.fileno(), wires.fileno(), *share.descriptors]
        command = [sys.executable, "-m", "gateway.workers.worker", *map(str, inherited)]
        try:
            # A process group of its own: the signals of a terminal are the supervisor's.
            self.process = subprocess.Popen(command, pass_fds=inherited, process_group=0)  # noqa: S603 - our own module
        finally:
            control.close()
            wires.close()
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def open(self, start: "ToWorker") -> None:
        """Begin to talk."""
        self._reader, self._writer = await asyncio.open_connection(sock=self._control)
        say(self._writer, start)

    def say(self, message: "ToWorker") -> None:
        """Send it a message."""
        if self._writer is not None:
            say(self._writer, message)

    async def hear(self) -> "ToSupervisor | None":
        """Its next message, None when it has ended."""
        assert self._reader is not None
        data = await hear(self._reader)
        self.heard_at = time.monotonic()
        return None if data is None else to_supervisor(data)

    @property
    def takes(self) -> bool:
        """Whether connections may be handed to it."""
        return self.ready and not self.leaving and self.silent_s < SILENT_S

    @property
    def silent_s(self) -> float:
        """How long nothing was heard of it; it speaks twice a second."""
        return time.monotonic() - self.heard_at

    @property
    def open_connections(self) -> int:
        """Connections it was handed that are not closed."""
        return self._handed - self._share.columns.closed(self.column)

    def hand(self, wire: socket.socket) -> bool:
        """Give it a connection; False when it can take none right now."""
        descriptors = array.array("i", [wire.fileno()])
        try:
            self._wires.sendmsg([b"\0"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, descriptors)])
        except OSError:  # its queue is full, or it has just died
            return False
        self._handed += 1
        return True

    def close(self) -> None:
        """Let go of what ties it to us; the process has ended."""
        self._wires.close()
        if self._writer is not None:
            self._writer.close()
        else:
            self._control.close()
