"""One request's life as a state machine without transport.

Bytes and events go in; what to write, to whom, or what to try next comes out. It awaits nothing and touches no socket, so
the whole of it is tested with plain asserts. It decides no more than HTTP asks for; what a request means, costs or may
try next is its passage's business (`gateway/pipeline.py`).

    waiting ──started──▶ relaying ──ended──▶ done
       │ ▲                  │
       └─┘ try again        └──client gone──▶ draining ──ended──▶ done

Two promises: nothing is tried again once the client has seen a byte, and `settle` is called exactly once.
"""

from enum import Enum
from typing import Protocol

from msgspec import Struct

from gateway.wire.types import Ended, Head, Headers, Send


class Forward(Struct, frozen=True):
    """Open this attempt, after a pause where the plan says so."""

    send: Send
    after_s: float = 0.0


class Answer(Struct, frozen=True):
    """A whole answer of our own."""

    status: int
    headers: Headers
    body: bytes


class Begin(Struct, frozen=True):
    """Start relaying: the client's head is complete but for framing. `length` None means the end is not known yet."""

    status: int
    headers: Headers
    length: int | None


class Finish(Struct, frozen=True):
    """Write these last bytes and end the answer; not `clean` means the client must see it break off."""

    data: bytes
    clean: bool


class Passage(Protocol):
    """What the stations made of one accepted request."""

    def attempt(self) -> Forward:
        """The first attempt."""

    def failed(self, how: Ended, status: int, headers: Headers, detail: str, now: float) -> Forward | None:
        """What to try next, or None to give up; called only while the client has seen nothing."""

    def started(self, status: int, headers: Headers, now: float) -> Begin:
        """The head the client gets for the upstream's."""

    def relay(self, data: bytes) -> bytes:
        """The client's share of these bytes, often the same object; the meter has seen them."""

    def trailer(self) -> bytes:
        """What was held back while an event was incomplete."""

    def refuse(self, how: Ended, detail: str) -> Answer:
        """Our answer when nothing could be reached."""

    def broken(self, how: Ended) -> bytes:
        """What tells a client in mid-stream that the answer broke off; empty where its protocol has no word for it."""

    def keepalive(self) -> bytes:
        """An event that keeps a silent stream alive, empty where none is safe at this moment."""

    def drains(self) -> bool:
        """Whether an abandoned answer is read on for its usage."""

    def settle(self, how: str, now: float) -> None:
        """The end, exactly once: `complete`, `gone`, `unsent` (gone while nothing was with the upstream), `drained`, or how
        the upstream failed."""


class Stations(Protocol):
    """The line: it takes a request and gives a passage, or answers at once."""

    def enter(self, head: Head, body: bytes, now: float) -> Passage | Answer: ...


class State(Enum):
    WAITING = "waiting"
    RELAYING = "relaying"
    DRAINING = "draining"
    DONE = "done"


_DRAINING = State.DRAINING
"""Read for every piece of an answer: an enum's member costs a look-up through its class."""


class Exchange:
    """One request from its first byte in to its last byte out. `now` is monotonic seconds throughout."""

    __slots__ = ("bytes_drained", "passage", "state", "stations")

    def __init__(self, stations: Stations) -> None:
        self.stations = stations
        self.state = State.WAITING
        self.passage: Passage | None = None
        self.bytes_drained = 0

    def begin(self, head: Head, body: bytes, now: float) -> Forward | Answer:
        """The request is here, whole."""
        entered = self.stations.enter(head, body, now)
        if isinstance(entered, Answer):
            self.state = State.DONE
            return entered
        self.passage = entered
        return entered.attempt()

    def upstream_started(self, status: int, headers: Headers, now: float) -> Begin | Forward | None:
        """An answer begins. A `Forward` means: leave this one and try that instead."""
        passage = self.passage
        assert passage is not None
        if self.state is State.DRAINING:
            passage.started(status, headers, now)
            return None
        if status >= 400 and (again := passage.failed("complete", status, headers, "", now)) is not None:
            return again
        self.state = State.RELAYING
        return passage.started(status, headers, now)

    def upstream_bytes(self, data: bytes) -> bytes:
        """Bytes of the answer; what comes back is written to the client."""
        passage = self.passage
        assert passage is not None
        if self.state is _DRAINING:
            self.bytes_drained += len(data)
            passage.relay(data)
            return b""
        return passage.relay(data)

    def upstream_ended(self, how: Ended, detail: str, now: float) -> Finish | Forward | Answer | None:
        """The answer is over, one way or another. None: nobody is left to tell."""
        passage = self.passage
        assert passage is not None
        state = self.state
        if state is State.DONE:
            return None
        if state is State.DRAINING:
            self._settle("drained" if how == "complete" else "gone", now)
            return None
        if state is State.WAITING:
            if (again := passage.failed(how, 0, (), detail, now)) is not None:
                return again
            answer = passage.refuse(how, detail)
            self._settle(how, now)
            return answer
        rest = passage.trailer()
        if how == "complete":
            self._settle("complete", now)
            return Finish(data=rest, clean=True)
        last_words = passage.broken(how)
        self._settle(how, now)
        return Finish(data=last_words, clean=bool(last_words))

    def client_gone(self, now: float, under_way: bool) -> bool:
        """The client hung up. True: read the answer on for its usage; False: hang up on the upstream too.

        `under_way` says whether an attempt is with the upstream at this moment; a pause before the next is not.
        """
        passage = self.passage
        if passage is None or self.state in (State.DONE, State.DRAINING):
            return self.state is State.DRAINING
        if under_way and passage.drains():
            self.state = State.DRAINING
            return True
        self._settle("gone" if under_way else "unsent", now)
        return False

    def abandon(self, now: float) -> None:
        """Nothing more is read: a drain has used up its bound, or the gateway stops."""
        if self.passage is not None and self.state is not State.DONE:
            self._settle("gone", now)

    def _settle(self, how: str, now: float) -> None:
        assert self.passage is not None
        assert self.state is not State.DONE
        self.state = State.DONE
        self.passage.settle(how, now)
