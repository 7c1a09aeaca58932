"""How good predictions of cached tokens were, with intervals."""

from collections.abc import Mapping, Sequence

from cache.outlook import Outlook
from cache.standing import FULL, HALF
from gateway.evaluation.freshness_trace import Call, Session
from gateway.evaluation.intervals import Counted, Interval, intervals

READ, UNCACHED, SHORT_WRITE, LONG_WRITE = 0.5, 5.0, 6.25, 10.0
"""Dollars per million tokens by which costs are compared: list prices of Claude Opus 4.5 and GPT-5.5, November 2026."""
PAUSE_S = 60.0
"""Gaps beyond this are also judged by themselves: the others are warm nearly always."""

Pair = tuple[Call, Call, Outlook]
"""The call before, the call, and what was foretold of it."""


class Sums(Counted):
    """What scores are made of; adds up over sessions."""

    calls: float = 0
    rightly: float = 0
    wrongly: float = 0
    unseen: float = 0
    off: float = 0
    squares: float = 0
    foretold: float = 0
    paid: float = 0

    def scores(self) -> dict[str, float]:
        calls = max(1.0, self.calls)
        return {
            "miss_f1": 2 * self.rightly / max(1.0, 2 * self.rightly + self.wrongly + self.unseen),
            "token_error": self.off / calls,
            "brier": self.squares / calls,
            "cost_ratio": self.foretold / max(1e-9, self.paid),
        }


def summed(pair: Pair, granted_s: float) -> Sums:
    """One call's share. A miss is a read of less than half the prompt before; a full read is 90 % of it."""
    before, call, outlook = pair
    missed, foretold = call.read < HALF * before.total, outlook.expected_read < HALF * before.total
    new = UNCACHED if call.provider == "openai" else LONG_WRITE if granted_s > 300.0 else SHORT_WRITE
    return Sums(
        calls=1,
        rightly=missed and foretold,
        wrongly=foretold and not missed,
        unseen=missed and not foretold,
        off=abs(outlook.expected_read - call.read),
        squares=(outlook.p_full - (call.read >= FULL * before.total)) ** 2,
        foretold=outlook.mean_read * READ + max(0.0, call.total - outlook.mean_read) * new,
        paid=call.read * READ + (call.total - call.read) * new,
    )


def granted(pairs: Sequence[tuple[Call, Call]]) -> dict[tuple[str, str, str], float]:
    """The lifetime each call's thread had last been granted when it was sent; five minutes where none was named."""
    held: dict[tuple[Session, str], float] = {}
    found = {}
    for before, call in pairs:
        key = (call.session, call.model)
        held[key] = before.granted_s or held.get(key, 300.0)
        found[call.key] = held[key]
    return found


def score(pairs: Sequence[Pair], seed: int = 0) -> dict[str, dict[str, Interval]]:
    """Scores with the ends of their 95 % intervals, of all calls and of those after a pause."""
    lifetimes = granted([(before, call) for before, call, _ in pairs])
    paused = [pair for pair in pairs if pair[1].sent - pair[0].began > PAUSE_S]
    return {
        f"all {len(pairs)} calls": _intervals(pairs, lifetimes, seed),
        f"{len(paused)} after a minute or more": _intervals(paused, lifetimes, seed),
    }


def _intervals(
    pairs: Sequence[Pair], lifetimes: Mapping[tuple[str, str, str], float], seed: int
) -> dict[str, Interval]:
    sessions: dict[Session, Sums] = {}
    for pair in pairs:
        sessions.setdefault(pair[1].session, Sums()).add(summed(pair, lifetimes[pair[1].key]))
    return intervals(list(sessions.values()), Sums, seed)
