"""One ping on its way: a passage like any other, with nobody behind it.

It is held for in the budgets of its thread's team, written to the journal before it leaves and settled after, as a kind of
agent of its own. The thread itself it leaves alone: no pin, no idle time and no boundary moves.
"""

from collections.abc import Callable

from msgspec.structs import replace

from cache.types import Freshness
from gateway.config.compiled import Snapshot
from gateway.dialects.ask import Ask
from gateway.errors import Refused
from gateway.foresight import Foresight
from gateway.house import House
from gateway.identify import TEXT_MAX, Caller
from gateway.metering.types import PING, Settlement, Usage
from gateway.passage import RequestPassage
from gateway.pipeline import Pipeline
from gateway.upstream.plan import Candidate
from gateway.wire.drive import Drive, Wires
from gateway.wire.exchange import Forward, Passage
from gateway.wire.types import Head, Headers
from routing.types import Decision, Reason


class PingPassage(RequestPassage):
    """A ping as the byte path sees it."""

    settled: Settlement | None = None

    def __init__(
        self,
        house: House,
        snapshot: Snapshot,
        head: Head,
        ask: Ask,
        caller: Caller,
        candidate: Candidate,
        told: Callable[["PingPassage"], None],
    ) -> None:
        """`caller` is the thread's; `told` hears of the end."""
        wall = house.wall()
        super().__init__(
            house=house,
            snapshot=replace(snapshot, retry=replace(snapshot.retry, attempts=1)),
            request_id=house.ids.new(wall),
            head=head,
            ask=ask,
            caller=replace(caller, thread=f"{caller.thread}/{PING}"[:TEXT_MAX], parent=caller.thread, continues=""),
            decision=Decision(route="", model=candidate.model, source="override", reasons=(Reason(PING, PING),)),
            candidates=(candidate,),
            fingerprint=None,
            record=None,
            foresight=Foresight(freshness=Freshness(state="unknown", reason=PING)),
            entered_at=house.monotonic(),
            wall=wall,
        )
        self.intent = replace(self.intent, agent=PING)
        self._told = told

    def attempt(self) -> Forward:
        """The only one."""
        first = self._forward()
        self.forwarded_at = self.house.monotonic()
        return first

    @property
    def read_at(self) -> float:
        """Unix seconds at which the provider had read the prompt: its answer began."""
        settled = self.settled
        assert settled is not None
        if settled.ttft_ms is None or self.forwarded_at == 0.0:
            return settled.at
        return settled.at - settled.duration_ms / 1000 + (self.forwarded_at - self.entered_at) + settled.ttft_ms / 1000

    def settle(self, how: str, now: float) -> None:
        """The end of it, which is told."""
        super().settle(how, now)
        self._told(self)

    def _settlement(self, usage: Usage, how: str, now: float) -> Settlement:
        self.settled = super()._settlement(usage, how, now)
        return self.settled


class Straight:
    """The line of a ping: all has been decided."""

    def __init__(self, passage: Passage) -> None:
        self._passage = passage

    def enter(self, head: Head, body: bytes, now: float) -> Passage:
        """What was made already."""
        return self._passage


class Nobody:
    """The client of a ping (`gateway.wire.drive.ClientSide`)."""

    def answer(self, status: int, headers: Headers, body: bytes) -> None:
        """Nobody reads it."""

    def begin(self, status: int, headers: Headers, length: int | None) -> None:
        """Nobody waits for it."""

    def write(self, data: bytes) -> None:
        """The meter has seen it."""

    def finish(self) -> None:
        """The settlement tells."""

    def abort(self) -> None:
        """The settlement tells."""


def sender(pipeline: Pipeline, wires: Wires) -> Callable[[PingPassage], bool]:
    """Puts pings on their way; False for one that a budget or the journal does not let through."""

    def send(passage: PingPassage) -> bool:
        try:
            pipeline.admitted(passage, passage.snapshot)
        except Refused:
            return False
        Drive(Straight(passage), Nobody(), wires).begin(passage.head, b"")
        return True

    return send
