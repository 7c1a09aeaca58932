"""Two minutes of made-up traffic, driven into a real `Metrics`, and what every panel must make of it."""

import calendar
from collections import Counter
from datetime import UTC, datetime
from fractions import Fraction
from typing import NamedTuple

from gateway.metering.metrics import Metrics
from gateway.metering.types import PICOS_PER_USD, Intent, Settlement

PROVIDERS = {"big": "openai", "small": "anthropic"}
TEAMS = ("payments", "research")
WHY = {"override": "route_name", "classifier": "code_to_patch", "sticky": "thread_pinned", "fallback": "low_confidence"}
OBSERVED = {"warm": "hit", "cooling": "partial", "cold": "miss", "broken": "hit", "unknown": "miss"}
LEDGER_LAG_S = 0.5
CAPTURED = 0.75
PRICE_AGE_S = 86_400.0
BUDGETS = {("payments", "month"): (100, 25), ("research", "day"): (8, 6)}
"""Dollars allowed and spent."""
WRITES = ("cache_write_30m", "cache_write_5m")
PROMPT = ("input_uncached", "cache_read", *WRITES)


class Event(NamedTuple):
    """One request as the test drives it in."""

    team: str
    route: str
    model: str
    status: int
    kinds: dict[str, int]
    by_kind: dict[str, int]
    source: str
    state: str
    outcome: str
    priced: bool = True

    @property
    def reason(self) -> str:
        return "explicit_model" if (self.source, self.route) == ("override", "direct") else WHY[self.source]


EVENTS = tuple(
    Event(
        team=TEAMS[number % 2],
        route=("code", "general", "direct")[number % 3],
        model=("big", "small")[number % 2],
        status=(200, 200, 200, 429, 500)[number % 5],
        kinds={"input_uncached": 100 + number, "cache_read": 3 * number, WRITES[number % 2]: 9, "output": 17},
        by_kind={"input_uncached": 2_000_000 * (100 + number), "cache_read": 600_000 * number, "output": 7_000_000_001},
        source=tuple(WHY)[number % 4],
        state=("warm", "cooling", "cold", "broken", "unknown")[number % 5],
        outcome=("finished", "client_gone", "upstream_cut")[number % 3],
        priced=number % 10 != 0,
    )
    for number in range(1, 121)
)
STALE = (
    ("payments", "codex", "big", "past_lifetime", 250_000_000_000),
    ("research", "claude-code", "small", "unexplained", 5 * 10**11),
)
BROKEN = ("research", "opencode", "small", "prefix_changed", 75 * 10**10, "reasoning_dropped")
SAVED = (
    ("payments", "saved", "routing", 3 * 10**12),
    ("research", "wasted", "lost_cache", 10**12),
)
"""A team, what, why, and picodollars, as the ledger compares them."""
REFUSED = ("unknown_key", 401)
HELD = 3
"""Dollars held of every budget."""
USED = ("monthly", 0.75, {"fine": 3, "warn": 2, "degrade": 0, "refuse": 1})
"""A budget's name, the share its fullest account used, and its accounts by level."""
SHADOWED = ("try-out", True)
WARNED = ("payments", "codex", "inline")
SWITCHED = ("code", "general", "rule")


def prepare(metrics: Metrics) -> None:
    """What is so before anything happens."""
    metrics.config_reload(True)
    metrics.ledger(LEDGER_LAG_S, 4096, 0)
    metrics.price_table_age(PRICE_AGE_S)
    metrics.in_force(1, 1)
    metrics.draining(False)
    metrics.bill_captured(CAPTURED)
    metrics.loop_held(0.001)
    metrics.loop_stalled(0.002)
    metrics.workers(2)
    metrics.compared([(team, what, reason, 0) for team, what, reason, _ in SAVED])


def drive(metrics: Metrics) -> None:
    """All events, as the stations would report them."""
    for number, event in enumerate(EVENTS):
        provider = PROVIDERS[event.model]
        metrics.decided(event.route, event.source, event.reason, 0.00002)
        metrics.cache_predicted(event.team, provider, event.state, 20.0)
        metrics.cache_observed(provider, event.state, OBSERVED[event.state])
        metrics.overhead(0.00015)
        settle(metrics, number, event)
    for team, client, model, cause, picos in STALE:
        metrics.stale(team, client)
        metrics.rebuilt(team, client, model, cause, picos)
    metrics.rebuilt(*BROKEN)
    metrics.compared(SAVED)
    for (team, window), (limit, spent) in BUDGETS.items():
        metrics.budget(team, window, limit * PICOS_PER_USD, spent * PICOS_PER_USD, HELD * PICOS_PER_USD)
    metrics.budget_used(*USED)
    metrics.switched(*SWITCHED)
    metrics.shadowed(*SHADOWED)
    metrics.warned(*WARNED)
    metrics.refused(*REFUSED)
    metrics.ledger(LEDGER_LAG_S, 4096, 2)
    metrics.cache_shifted("openai")
    metrics.in_force(2, 2)


def settle(metrics: Metrics, number: int, event: Event) -> None:
    """The end of a request."""
    provider = PROVIDERS[event.model]
    intent = Intent(
        id=str(number), at=0.0, team=event.team, user="", client="codex", client_version="", session="", thread="",
        parent="", agent="main", thread_rule="", endpoint="chat", dialect="chat", model_asked="auto",
        route="" if event.route == "direct" else event.route, model=event.model, upstream="up", provider=provider,
        source="rule", reason="", rule="", input_kind="", output_kind="", stream=True, bytes_in=1,
        cache_state=event.state, cache_expected_tokens=None, estimate_picos=None,
    )  # fmt: skip
    by_kind = event.by_kind if event.priced else {}
    metrics.settled(intent, Settlement(
        id=str(number), at=0.0, outcome=event.outcome, status=event.status, kinds=event.kinds, fees={},
        picos=sum(by_kind.values()) if event.priced else None, by_kind=by_kind,
        price_status="priced" if event.priced else "unpriced", price_reason="" if event.priced else "unknown_model",
        price_rows=(), exact=True, model=event.model, upstream="up", provider=provider, served="",
        tier="", response_id="", attempts=1, ttft_ms=200.0, duration_ms=900.0, bytes_out=1, cache_observed="hit",
    ))  # type: ignore[arg-type]  # fmt: skip


Truth = dict[str, Counter[str]]


def truth(span_s: float) -> Truth:
    """What each panel must show after so many seconds, by the values of its labels in the order of their names."""
    found = _sums()
    for title in ("Today", "This month", "Rise on the week before"):
        found[title] = found["Spend by team" if title.startswith("Rise") else "Spend"]
    month_s = calendar.monthrange(*datetime.now(UTC).timetuple()[:2])[1] * 86_400
    found["Month at this pace"] = Counter({"": found["Spend"][""] * Fraction(month_s) / Fraction(span_s)})
    for title in [title for title in found if title.startswith("every second")]:
        for unit, seconds in (("per second", 1), ("per minute", 60), ("per hour", 3600)):
            named = title.removeprefix("every second ").replace("per …", unit)
            found[named] = Counter({key: value * seconds / span_s for key, value in found[title].items()})
    return found


def _sums() -> Truth:
    found: Truth = {}

    def add(title: str, key: str, amount: float | Fraction = 1) -> None:
        found.setdefault(title, Counter())[key] += amount  # type: ignore[assignment]

    for event in EVENTS:
        status = f"{event.status // 100}xx"
        for kind, picos in event.by_kind.items() if event.priced else ():
            usd = Fraction(picos, PICOS_PER_USD)
            add("Spend", "", usd)
            for title, key in (("team", event.team), ("model", event.model), ("kind", kind)):
                add(f"Spend by {title}", key, usd)
                add(f"every second Spend per … by {title}", key, usd)
        for kind, count in event.kinds.items():
            add("Tokens by team and kind", f"{kind} {event.team}", count)
            add("every second Tokens per … by kind", kind, count)
        add("Requests", "")
        add("every second Requests per … by route", event.route)
        add("every second Requests per … by status", status)
        add("every second Decisions per … by source", event.source)
        add("every second Cache state of requests, per …", event.state)
        if event.outcome != "finished":
            add("every second Ends per … other than finished", event.outcome)
        add("Commonest reasons", event.reason)
        add("Foretold and seen", f"{OBSERVED[event.state]} {event.state}")
        if not event.priced:
            add("Unpriced requests", "")
    add("Requests", "")  # the refused one
    add("every second Requests per … by route", "other")
    add("every second Requests per … by status", "4xx")
    add("every second Ends per … other than finished", "refused")
    for _, client, _, cause, picos in STALE:
        add("Stale resumes", "")
        add("Stale resumes by client", client)
        add("Paid for lost caches", "", Fraction(picos, PICOS_PER_USD))
        add("Cost of lost caches", f"{cause} {client}", Fraction(picos, PICOS_PER_USD))
    _, client, _, cause, picos, breaker = BROKEN
    add("Paid for lost caches", "", Fraction(picos, PICOS_PER_USD))
    add("Cost of lost caches", f"{cause} {client}", Fraction(picos, PICOS_PER_USD))
    add("What breaks prompts", f"{breaker} {client}", Fraction(picos, PICOS_PER_USD))
    for _, what, reason, picos in SAVED:
        add("Saved", "", Fraction(picos if what == "saved" else 0, PICOS_PER_USD))
        add(f"{what.capitalize()} by reason", reason, Fraction(picos, PICOS_PER_USD))
    add("Refusals by kind", REFUSED[0])
    add("Threads moved", "")
    add("Threads moved by cause", f"{SWITCHED[2]} {SWITCHED[0]} {SWITCHED[1]}")
    add("every second Warnings per …", WARNED[2])
    add("Rules in shadow", f"yes {SHADOWED[0]}")
    add("Config", "")
    add("Share of the bill", "", Fraction(CAPTURED))
    add("Ledger lag", "", Fraction(LEDGER_LAG_S))
    add("Age of the prices", "", Fraction(PRICE_AGE_S))
    return found | _shares(found)


def _shares(found: Truth) -> Truth:
    """Parts of wholes."""
    routed = [event for event in EVENTS if event.route != "direct"]
    read, prompt, team_read, team_prompt = Fraction(), Fraction(), Counter[str](), Counter[str]()
    for event in EVENTS:
        read += event.kinds["cache_read"]
        prompt += sum(event.kinds.get(kind, 0) for kind in PROMPT)
        team_read[event.team] += event.kinds["cache_read"]
        team_prompt[event.team] += sum(event.kinds.get(kind, 0) for kind in PROMPT)
    right = sum(event.state in ("warm", "cooling", "cold") for event in EVENTS)
    known = sum(event.state != "unknown" for event in EVENTS)
    spend = found["Spend"][""]
    failed = sum(event.status >= 500 for event in EVENTS)
    one = {
        "Prompt from cache": read / prompt,
        "Reads for a write": read / sum(event.kinds.get(kind, 0) for event in EVENTS for kind in WRITES),
        "Lost share of spend": found["Paid for lost caches"][""] / spend,
        "Foretold rightly": Fraction(right, known),
        "Routed": Fraction(len(routed), len(EVENTS)),
        "Sent to code": Fraction(sum(event.route == "code" for event in EVENTS), len(routed)),
        "Unsure": Fraction(sum(event.source == "fallback" for event in EVENTS), len(routed)),
        "Failures": Fraction(failed, len(EVENTS) + 1),
    }
    shares = {title: Counter({"": value}) for title, value in one.items()}
    shares["Prompt from cache by team"] = Counter({team: Fraction(team_read[team], team_prompt[team]) for team in TEAMS})
    levels = {f"{USED[0]} {level}": Fraction(count) for level, count in USED[2].items() if count}
    shares["Budget accounts by level"] = Counter(levels)
    shares["Budget used"] = Counter({" ".join(key): Fraction(spent, limit) for key, (limit, spent) in BUDGETS.items()})
    return shares  # type: ignore[return-value]
