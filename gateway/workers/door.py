"""The door: accepts connections and hands each to the worker that holds the fewest.

The kernel would spread them by chance (SO_REUSEPORT hashes addresses), and a client keeps its connection for hours: sixteen
of them fell eight, four, two and two upon four workers. Whoever accepts can count.
"""

import asyncio
import errno
import socket
from collections.abc import Callable, Sequence

from gateway.workers.staff import Hand

AT_ONCE = 64
"""Connections accepted before whatever else is due gets its turn."""
RETRY_S = 0.02
"""Pause while no worker can take any, and when this process is out of descriptors; callers wait in the kernel's queue."""
_OURS = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


class Door:
    """Open from `open` to `close`."""

    def __init__(self, listener: socket.socket, hands: Callable[[], Sequence[Hand]]) -> None:
        """`hands` gives the workers there are."""
        self._listener = listener
        self._hands = hands
        self._turn = 0
        self._waiting: socket.socket | None = None
        self._timer: asyncio.TimerHandle | None = None

    def open(self) -> None:
        """Let callers in."""
        asyncio.get_running_loop().add_reader(self._listener, self._accept)

    def close(self) -> None:
        """Let nobody in any more."""
        asyncio.get_running_loop().remove_reader(self._listener)
        if self._timer is not None:
            self._timer.cancel()
        if self._waiting is not None:
            self._waiting.close()
        self._listener.close()

    def _accept(self) -> None:
        for _ in range(AT_ONCE):
            try:
                wire, _ = self._listener.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                if error.errno not in _OURS:
                    raise
                self._pause(None)
                return
            if not self._hand(wire):
                self._pause(wire)
                return

    def _hand(self, wire: socket.socket) -> bool:
        """Give a connection to the worker with the fewest, in turn where several have as few."""
        hands = [hand for hand in self._hands() if hand.takes]
        self._turn += 1
        first = self._turn % len(hands) if hands else 0
        hands = sorted((*hands[first:], *hands[:first]), key=_open_connections)
        if any(hand.hand(wire) for hand in hands):
            wire.close()
            return True
        return False

    def _pause(self, wire: socket.socket | None) -> None:
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._listener)
        self._waiting = wire
        self._timer = loop.call_later(RETRY_S, self._go_on)

    def _go_on(self) -> None:
        wire, self._waiting = self._waiting, None
        if wire is not None and not self._hand(wire):
            self._pause(wire)
            return
        self.open()


def _open_connections(hand: Hand) -> int:
    return hand.open_connections
