"""Replays recorded calls through the gateway's own forecast: each is foretold before its outcome is looked at.

All sessions run in one order of time, as they would through one gateway; a call's outcome is learned when its answer has
ended, so a call that was sent before that knows nothing of it. Content was not recorded: what the gateway sees by comparing
digests is told here by lengths alone (`cache.look.by_length`).
"""

import heapq
import random
from collections.abc import Mapping, Sequence

from msgspec import Struct

from cache.cause import Cause
from cache.forecast import Forecast, Subject
from cache.look import Look, by_length
from cache.outlook import Outlook
from cache.priors import counts_of
from cache.providers import CacheRules, rules_for
from cache.standing import Answered, Standing, after
from cache.survival import Path as CurvePath
from cache.survival import Survival
from gateway.evaluation.freshness_trace import Call, by_session
from gateway.metering.prices import PriceBook
from gateway.metering.types import PICOS_PER_USD, WRITE_TTL_S

Counts = Mapping[CurvePath, Sequence[float]]
_NEW = Standing()
_WRITES = {ttl_s: kind for kind, ttl_s in WRITE_TTL_S.items()}


class Prediction(Struct, frozen=True):
    """What was foretold of one call."""

    call: Call
    outlook: Outlook | None
    """None for a first call, and where nothing is known of the provider."""
    usd: float | None
    """Expected cost of the input at the prices of the table's day; None where it has no price."""


class Replay:
    """One run over some sessions."""

    def __init__(self, survival: Survival, prices: PriceBook) -> None:
        self.forecast = Forecast(survival)
        self._prices = prices
        self._standings: dict[tuple[str, str, str], tuple[Standing, str]] = {}

    def run(self, calls: Sequence[Call]) -> list[Prediction]:
        """Foretell and learn all of these; in the order of their sending."""
        made: list[Prediction] = []
        open_: list[tuple[float, int, Call, Standing | None, Look]] = []
        for number, call in enumerate(sorted(calls, key=lambda each: each.sent)):
            while open_ and open_[0][0] <= call.sent:
                self._learn(*heapq.heappop(open_)[2:])
            rules = rules_for(call.provider, call.model)
            if rules is None:
                made.append(Prediction(call=call, outlook=None, usd=None))
                continue
            standing = self._standing(call)
            look = by_length(standing or _NEW, call.total, call.person, call.sent - (standing or _NEW).at, rules)
            outlook = None
            if standing is not None:
                outlook = self.forecast.before(standing, look, _subject(call, rules), call.sent)
            made.append(Prediction(call=call, outlook=outlook, usd=self._usd(call, outlook, standing)))
            heapq.heappush(open_, (call.ended, number, call, standing, look))
        while open_:
            self._learn(*heapq.heappop(open_)[2:])
        return made

    def _standing(self, call: Call) -> Standing | None:
        """How the call's thread stood; compaction begins a new one."""
        found = self._standings.get((*call.session, call.model))
        return found[0] if found is not None and found[1] == call.epoch else None

    def _learn(self, call: Call, standing: Standing | None, look: Look) -> None:
        rules = rules_for(call.provider, call.model)
        assert rules is not None, "only calls with rules are learned from"
        self.forecast.after(standing, look, _subject(call, rules), call.sent, call.read, call.ended)
        answered = Answered(
            at=call.began,
            total=call.total,
            read=call.read,
            cached=call.kept,
            out=call.out,
            granted_s=call.granted_s,
            begins_turn=look.begins_turn,
            beginning=_beginning(call),
        )
        new = after(standing, answered)
        self._standings[(*call.session, call.model)] = (new, call.epoch)

    def _usd(self, call: Call, outlook: Outlook | None, standing: Standing | None) -> float | None:
        """The mean read at its price, the rest as the thread's last answer was written."""
        rates = self._prices.rates(call.provider, call.model, call.total, self._prices.built_at)
        if rates is None:
            return None
        kind = _WRITES.get(standing.granted_s if standing is not None else 0.0, "input_uncached")
        new, read = rates.kinds.get(kind), rates.kinds.get("cache_read")
        if new is None or read is None:
            return None
        mean = outlook.mean_read if outlook is not None else 0.0
        return (mean * read + max(0.0, call.total - mean) * new) / PICOS_PER_USD


def learned_from(calls: Sequence[Call], prices: PriceBook, half_life_s: float) -> Counts:
    """What is known after these calls; an endless half-life forgets nothing, however far apart they lie."""
    replay = Replay(Survival(half_life_s=half_life_s), prices)
    replay.run(calls)
    return counts_of(replay.forecast.survival)


def left_out(calls: Sequence[Call], prices: PriceBook, folds: int, seed: int) -> list[Prediction]:
    """Every session foretold by what the sessions of the other folds taught, and by its own fold as it runs."""
    sessions = by_session(calls)
    names = sorted(sessions)
    random.Random(seed).shuffle(names)  # noqa: S311 - which session falls into which fold is no secret
    made: list[Prediction] = []
    for fold in range(folds):
        held = set(names[fold::folds])
        known = [call for name in names if name not in held for call in sessions[name]]
        tested = [call for name in names if name in held for call in sessions[name]]
        priors = learned_from(known, prices, half_life_s=float("inf"))
        made += Replay(Survival(priors), prices).run(tested)
    return made


def line(prediction: Prediction) -> dict[str, object]:
    """A prediction as one object for a line of JSON."""
    call, outlook = prediction.call, prediction.outlook
    first: Cause = "first_call"
    return {
        "repo": call.session[0],
        "session": call.session[1],
        "n": int(call.n) if call.n.isdigit() else call.n,
        "p_full": None if outlook is None else round(outlook.p_full, 5),
        "p_cold": None if outlook is None else round(outlook.p_cold, 5),
        "expected_read": None if outlook is None else outlook.expected_read,
        "mean_read": None if outlook is None else round(outlook.mean_read, 1),
        "expected_cost_usd": None if prediction.usd is None else round(prediction.usd, 9),
        "state": "unknown" if outlook is None else outlook.state,
        "cause": first if outlook is None else outlook.cause,
    }


def _subject(call: Call, rules: CacheRules) -> Subject:
    return Subject(rules=rules, model=call.model, account=call.provider, beginning=_beginning(call))


def _beginning(call: Call) -> str:
    """Sessions of one repository, client version and model have their tools and system prompt in common."""
    return "|".join((call.session[0], call.model, call.version))
