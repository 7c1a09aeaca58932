"""What the gateway tells Prometheus: one `Metrics` per running gateway, fed by the stations, written out on demand.

Counters go on from the ledger after a restart (`seed`) and exist at 0 before their first event (`_expect`): for
Prometheus, a series that first appears with a value has never increased.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from itertools import islice, product

from gateway.budgets.types import Level
from gateway.metering import families, process
from gateway.metering.exposition import CONTENT_TYPE, Family, Gauge, Histogram, Known, Row, Words, head, title
from gateway.metering.families import CLOSED, CONFIGURED, DECLARED, DIRECT, FAMILIES, FEE, OTHER, SPEND_LABELS, WORDS_MAX
from gateway.metering.foreseen import FORESEEN
from gateway.metering.labels import Names, Place, clean
from gateway.metering.types import PICOS_PER_USD, Intent, RequestRow, SavingRow, Settlement, SpendRow

__all__ = ["CONTENT_TYPE", "Metrics"]

EXPECTED_SERIES_MAX = 5_000
"""Series made at 0 before anything happened; beyond that a page costs more than the first events are worth."""
FORESEEN_SERIES_MAX = 500
"""The same for each family of rare events."""
PLACES_MAX = 2_000
"""Places spend is counted under; beyond, only the team is told apart. A place has some twenty series."""

_CLASSES = {2: "2xx", 3: "3xx", 4: "4xx", 5: "5xx"}
_USUAL_KINDS = ("input_uncached", "cache_read", "output", "reasoning")
_USUAL_WRITES = {"openai": ("cache_write_30m", "cache_write_12h"), "anthropic": ("cache_write_5m", "cache_write_1h")}
_USUAL_CLASSES = ("2xx", "4xx", "5xx", "none")


class _Spend:
    """The rows of one place, by kind and by status class, so that settling a request looks up its place once."""

    __slots__ = ("costs", "names", "requests", "tokens")

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names
        self.requests: dict[str, Row] = {}
        self.tokens: dict[str, Row] = {}
        self.costs: dict[str, Row] = {}


class Metrics:
    """All metrics of one gateway. Written in one thread; `render` may be called from another."""

    def __init__(
        self,
        teams: Collection[str],
        routes: Collection[str],
        models: Collection[str],
        providers: Collection[str],
        expected: Collection[Place] = (),
        rules: Collection[str] = (),
        deciding: Collection[tuple[str, str]] = (),
    ) -> None:
        self._names = {word: Names() for word in set(CONFIGURED.values())}
        self.rows: list[Row] = []
        """All counter rows, in the order in which they came to be."""
        self.process: Callable[[], process.Reading] = process.read
        self._counters = {each.name: self._family(each) for each in FAMILIES if each.type == "counter"}
        self.histograms = {each.name: Histogram(each) for each in FAMILIES if each.type == "histogram"}
        self.gauges: dict[str, dict[tuple[str, ...], Gauge]] = {
            each.name: {} if each.labels else {(): Gauge(head(each, ()))} for each in FAMILIES if each.type == "gauge"
        }
        self._spend: dict[tuple[str, ...], _Spend] = {}
        self._spend_raw: dict[tuple[str, ...], _Spend] = {}

        self._requests = self._counters[families.REQUESTS.name]
        self._tokens = self._counters[families.TOKENS.name]
        self._costs = self._counters[families.COST.name]
        self._unpriced = self._counters[families.UNPRICED.name]
        self._decisions = self._counters[families.DECISIONS.name]
        self._switches = self._counters[families.SWITCHES.name]
        self._shadows = self._counters[families.SHADOWS.name]
        self._cache_requests = self._counters[families.CACHE_REQUESTS.name]
        self._cache_shifts = self._counters[families.CACHE_SHIFTS.name]
        self._cache_outcomes = self._counters[families.CACHE_OUTCOMES.name]
        self._stale_resumes = self._counters[families.STALE_RESUMES.name]
        self._stale_costs = self._counters[families.STALE_COST.name]
        self._stale_client_costs = self._counters[families.STALE_CLIENT_COST.name]
        self._broken_costs = self._counters[families.BROKEN_COST.name]
        self._warnings = self._counters[families.WARNINGS.name]
        self._pings = self._counters[families.PINGS.name]
        self._pings_cost = self._counters[families.PINGS_COST.name]
        self._pings_saved = self._counters[families.PINGS_SAVED.name]
        self._saved = self._counters[families.SAVED.name]
        self._wasted = self._counters[families.WASTED.name]
        self._refusals = self._counters[families.REFUSALS.name]
        self._events = self._counters[families.EVENTS.name]
        self._ledger_errors = self._counters[families.LEDGER_ERRORS.name].row()
        self._writer_errors = 0
        self._workers_lost = self._counters[families.WORKERS_LOST.name].row()
        self._routing_seconds = self.histograms[families.ROUTING_SECONDS.name]
        self._overhead = self.histograms[families.OVERHEAD.name]
        self._upstream_seconds = self.histograms[families.UPSTREAM_SECONDS.name]
        self._resume_idle = self.histograms[families.RESUME_IDLE.name]
        self._first_token = self.histograms[families.FIRST_TOKEN.name]
        self._inflight = self.gauges[families.INFLIGHT.name][()]
        self._inflight.value = 0

        for outcome in families.OUTCOMES:
            self._events.row(outcome)
        for status_class in _USUAL_CLASSES:
            self._requests.row(OTHER, OTHER, OTHER, OTHER, status_class)  # where `refused` counts
        self.relabel(teams, routes, models, providers, expected, rules, deciding)

    def relabel(
        self,
        teams: Collection[str],
        routes: Collection[str],
        models: Collection[str],
        providers: Collection[str],
        expected: Collection[Place] = (),
        rules: Collection[str] = (),
        deciding: Collection[tuple[str, str]] = (),
    ) -> None:
        """Let the names of a new config in. Names of the old one stay, and so do their series."""
        self._names["team"].add(teams)
        self._names["route"].add((DIRECT, *routes))
        self._names["model"].add(models)
        self._names["provider"].add(providers)
        self._names["rule"].add(rules)
        self._spend_raw.clear()
        for family in self._counters.values():
            family.forget()
        self._foresee(deciding)
        self._expect(expected)

    # what the stations call

    def started(self) -> None:
        """A request is under way."""
        assert self._inflight.value is not None
        self._inflight.value += 1

    def ended(self) -> None:
        """A request is over."""
        assert self._inflight.value is not None
        self._inflight.value -= 1

    def decided(self, route: str, source: str, reason: str, seconds: float) -> None:
        """A route was chosen, `seconds` after the request was complete."""
        self._decisions.row(route or DIRECT, source, reason).value += 1
        self._routing_seconds.observe(seconds)

    def switched(self, from_: str, to: str, cause: str) -> None:
        """A thread was moved to another route."""
        self._switches.row(from_ or DIRECT, to or DIRECT, cause).value += 1

    def shadowed(self, rule: str, differs: bool) -> None:
        """A rule in shadow fits; `differs` says that it would have sent the request elsewhere."""
        self._shadows.row(rule, "yes" if differs else "no").value += 1

    def cache_predicted(self, team: str, provider: str, state: str, idle_s: float | None = None) -> None:
        """The cache state expected of a request about to be sent, and how long its thread had rested."""
        self._cache_requests.row(team, provider, state).value += 1
        if idle_s is not None:
            self._resume_idle.observe(idle_s)

    def cache_observed(self, provider: str, predicted: str, observed: str) -> None:
        """What the provider's usage showed of the cache, against what was expected."""
        self._cache_outcomes.row(provider, predicted, observed).value += 1

    def cache_shifted(self, provider: str) -> None:
        """A provider's cache was seen to behave in a new way."""
        self._cache_shifts.row(provider).value += 1

    def diagnosed(self, provider: str, ours: str, theirs: str) -> None:
        """A provider has said what changed in a prompt."""
        self._counters[families.DIAGNOSES.name].row(provider, ours, theirs).value += 1

    def stale(self, team: str, client: str) -> None:
        """A thread was resumed after its prompt cache had run out."""
        self._stale_resumes.row(team, client).value += 1

    def rebuilt(self, team: str, client: str, model: str, cause: str, picos: int | None, breaker: str = "") -> None:
        """A prompt cache was paid for again; `picos` is what that cost above the warm price, None where unknown."""
        rows = [self._stale_costs.row(team, model, cause), self._stale_client_costs.row(team, client, cause)]
        if breaker:
            rows.append(self._broken_costs.row(client, breaker))
        for row in rows:
            row.value += picos or 0

    def warned(self, team: str, client: str, channel: str) -> None:
        """Somebody was told what resuming a thread will cost."""
        self._warnings.row(team, client, channel).value += 1

    def pinged(self, team: str, ping: str, picos: int) -> None:
        """A ping ended, or was not sent, and what it cost."""
        self._pings.row(team, ping).value += 1
        self._pings_cost.row(team).value += picos

    def kept_warm(self, team: str, picos: int) -> None:
        """A thread was taken up again that pings had kept warm: what filling its cache would have cost more."""
        self._pings_saved.row(team).value += picos

    def compared(self, savings: Iterable[SavingRow]) -> None:
        """What the ledger has found saved and wasted so far, in all."""
        sums: dict[Row, int] = {}
        for team, what, reason, picos in savings:  # teams that are in no config any more share a row
            row = (self._saved if what == "saved" else self._wasted).row(team, reason)
            sums[row] = sums.get(row, 0) + picos
        for row, picos in sums.items():
            row.value = picos

    def overhead(self, seconds: float) -> None:
        """The gateway's own time on one request."""
        self._overhead.observe(seconds)

    def settled(self, intent: Intent, settlement: Settlement) -> None:
        """A request is settled: count it under the model that answered."""
        key = (intent.team, intent.route or DIRECT, settlement.model, settlement.provider)
        spend = self._spend_raw.get(key) or self._meet(key)
        status_class = _CLASSES.get(settlement.status // 100, "none")
        row = spend.requests.get(status_class) or _row(spend.requests, self._requests, spend.names, status_class)
        row.value += 1
        for kind, count in settlement.kinds.items():
            row = spend.tokens.get(kind) or _row(spend.tokens, self._tokens, spend.names, kind)
            row.value += count
        by_kind = settlement.by_kind
        for kind, picos in by_kind.items():
            row = spend.costs.get(kind) or self._cost(spend, kind)
            row.value += picos
        if settlement.picos is not None:
            fees = settlement.picos - sum(by_kind.values())
            if fees > 0:
                self._cost(spend, FEE).value += fees
        if settlement.price_status != "priced":
            self._unpriced.row(settlement.model, settlement.price_reason or settlement.price_status).value += 1
        self._events.row(settlement.outcome).value += 1
        self._upstream_seconds.observe(settlement.duration_ms / 1000)
        if intent.stream and settlement.ttft_ms is not None:
            self._first_token.observe(settlement.ttft_ms / 1000)

    def refused(self, kind: str, status: int) -> None:
        """The gateway answered with its own error; nobody is charged, so nobody is named."""
        self._requests.row(OTHER, OTHER, OTHER, OTHER, _CLASSES.get(status // 100, "none")).value += 1
        self._refusals.row(kind).value += 1
        self._events.row("refused").value += 1

    def ledger_error(self) -> None:
        """An event could not be written to the journal."""
        self._ledger_errors.value += 1

    def ledger(self, lag_s: float, backlog_bytes: int, errors: int) -> None:
        """How far the ledger is behind, in time and in journal, and how many writes its writer has seen fail."""
        self.gauges[families.LEDGER_LAG.name][()].value = lag_s
        self.gauges[families.LEDGER_BACKLOG.name][()].value = backlog_bytes
        self._ledger_errors.value += errors - self._writer_errors
        self._writer_errors = errors

    def loop_held(self, seconds: float) -> None:
        """The longest that one event held the event loop since the last page."""
        self.gauges[families.LOOP_HELD.name][()].value = seconds

    def loop_stalled(self, seconds: float) -> None:
        """The longest that a timer of the event loop was late since the last page."""
        self.gauges[families.LOOP_STALL.name][()].value = seconds

    def workers(self, count: int) -> None:
        """How many processes answer."""
        self.gauges[families.WORKERS.name][()].value = count

    def worker_lost(self) -> None:
        """One of them ended unasked."""
        self._workers_lost.value += 1

    def config_reload(self, ok: bool) -> None:
        """Whether the config on disk is the one in use."""
        self.gauges[families.CONFIG_RELOAD.name][()].value = 1 if ok else 0

    def in_force(self, config: int, prices: int) -> None:
        """Numbers that change when the config in use does, and when its prices do."""
        self.gauges[families.CONFIG_VERSION.name][()].value = config
        self.gauges[families.PRICES_VERSION.name][()].value = prices

    def draining(self, yes: bool) -> None:
        """Whether open answers are being finished before a stop."""
        self.gauges[families.DRAINING.name][()].value = 1 if yes else 0

    def bill_captured(self, share: float | None) -> None:
        """How much of the bill came through here; None where nobody has looked."""
        self.gauges[families.BILL_CAPTURED.name][()].value = share

    def price_table_age(self, seconds: float) -> None:
        """Age of the built-in price table."""
        self.gauges[families.PRICE_AGE.name][()].value = seconds

    def budget(self, team: str, window: str, limit_picos: int, spent_picos: int, reserved_picos: int = 0) -> None:
        """A team's budget, and what is spent and held of it."""
        names = (self._names["team"].known(team), clean(window))
        left = max(0, limit_picos - spent_picos - reserved_picos)
        for declared, picos in (
            (families.BUDGET, limit_picos),
            (families.BUDGET_SPENT, spent_picos),
            (families.BUDGET_RESERVED, reserved_picos),
            (families.BUDGET_REMAINING, left),
        ):
            self.gauge(declared.name, names).value = picos / PICOS_PER_USD

    def budget_used(self, budget: str, share: float, levels: Mapping[Level, int]) -> None:
        """How much of a budget its fullest account has used, and how many accounts are how far."""
        self.gauge(families.BUDGET_SHARE.name, (clean(budget),)).value = share
        for level, count in levels.items():
            self.gauge(families.BUDGET_ACCOUNTS.name, (clean(budget), level)).value = count

    # start and page

    def seed(self, spend: Iterable[SpendRow], requests: Iterable[RequestRow]) -> None:
        """Go on from the totals of the ledger. Call once, before the first request."""
        for team, route, model, provider, kind, tokens, picos in spend:
            place = self._meet((team, route or DIRECT, model, provider))
            if tokens:
                _row(place.tokens, self._tokens, place.names, kind).value += tokens
            if picos:
                self._cost(place, kind).value += picos
        for team, route, model, provider, status_class, count in requests:
            place = self._meet((team, route or DIRECT, model, provider))
            _row(place.requests, self._requests, place.names, status_class).value += count

    def render(self) -> bytes:
        """The whole page, Prometheus text exposition 0.0.4."""
        return "".join(self.texts()).encode()

    def texts(self) -> Iterator[str]:
        """The page in pieces, none of which takes long to write."""
        for declared in FAMILIES:
            yield title(declared)
            if declared.type == "counter":
                yield from self._counters[declared.name].texts()
            elif declared.type == "histogram":
                yield "".join(self.histograms[declared.name].lines())
            else:
                yield "".join([line for gauge in list(self.gauges[declared.name].values()) for line in gauge.lines()])
        yield "".join(process.lines(self.process()))

    def row(self, family: str, names: tuple[str, ...]) -> Row:
        """The row another process of this gateway has under these labels."""
        return self._counters[family].named(names)

    def gauge(self, family: str, names: tuple[str, ...]) -> Gauge:
        """The gauge with these labels, made where there is none."""
        gauges = self.gauges[family]
        found = gauges.get(names)
        if found is None:
            found = gauges[names] = Gauge(head(DECLARED[family], names))
        return found

    def series(self) -> int:
        """How many counter series there are."""
        return sum(len(family) for family in self._counters.values())

    # how rows come to be

    def _family(self, declared: families.Declared) -> Family:
        return Family(declared, tuple(self._known(label) for label in declared.labels), self.rows)

    def _known(self, label: str) -> Known:
        if label in CONFIGURED:
            return self._names[CONFIGURED[label]].known
        if label in CLOSED:
            return Words(len(CLOSED[label]), CLOSED[label]).known
        return Words(WORDS_MAX).known

    def _meet(self, key: tuple[str, ...]) -> _Spend:
        """The rows of a place that is new, or whose name has not been looked up since the last config."""
        names = tuple(self._names[label].known(value) for label, value in zip(SPEND_LABELS, key, strict=True))
        if names not in self._spend and len(self._spend) >= PLACES_MAX:
            names = (names[0], OTHER, OTHER, OTHER)
        spend = self._spend.get(names)
        if spend is None:
            spend = self._spend[names] = _Spend(names)
        if len(self._spend_raw) < PLACES_MAX:
            self._spend_raw[key] = spend
        return spend

    def _cost(self, spend: _Spend, kind: str) -> Row:
        """The cost row of a kind; what is no token kind is a fee."""
        row = spend.costs.get(kind)
        if row is not None:
            return row
        return _row(spend.costs, self._costs, spend.names, kind if kind in families.COST_KINDS else FEE)

    def _foresee(self, deciding: Collection[tuple[str, str]]) -> None:
        """Make series at 0 for rare events, so that the first one is an increase."""
        for rule, route in deciding:
            self._decisions.row(route or DIRECT, "rule", f"rule:{rule}")
        for family, cases in FORESEEN.items():
            counter = self._counters[family]
            for case in cases:
                choices = [
                    [case[label]] if label in case else self._names[CONFIGURED[label]].all()
                    for label in counter.declared.labels
                ]
                for values in islice(product(*choices), max(FORESEEN_SERIES_MAX - len(counter), 0)):
                    counter.row(*values)

    def _expect(self, expected: Collection[Place]) -> None:
        """Make series at 0 for what the config says may come, likeliest first, as many as are worth it."""
        for place in expected:
            if self.series() >= EXPECTED_SERIES_MAX:
                return
            spend = self._meet((place.team, place.route, place.model, place.provider))
            for status_class in _USUAL_CLASSES:
                _row(spend.requests, self._requests, spend.names, status_class)
            for kind in (*_USUAL_KINDS, *_USUAL_WRITES.get(place.provider, ())):
                _row(spend.tokens, self._tokens, spend.names, kind)
                _row(spend.costs, self._costs, spend.names, kind)


def _row(rows: dict[str, Row], family: Family, names: tuple[str, ...], last: str) -> Row:
    """The row for the last label of a place."""
    row = rows.get(last)
    if row is None:
        row = family.row(*names, last)
        if len(rows) < WORDS_MAX:
            rows[last] = row
    return row
