"""Every metric there is, declared once: name, type, help, labels, and where the values of each label come from.

The exposition, the reference page and the dashboards' tests all read this table; what is not here does not exist.
"""

from typing import Literal

from msgspec import Struct

from gateway.metering.types import KINDS

Unit = Literal["count", "usd", "seconds", "bytes", "flag"]
Type = Literal["counter", "gauge", "histogram"]
Merge = Literal["add", "max", "min", "peak", "own"]
"""How a gauge of several workers becomes one: their sum, largest or smallest; `peak` is the largest since the last page;
`own` is known to the process that writes the page alone."""

OTHER = "other"
"""What a label says when its value is not in the closed set."""
DIRECT = "direct"
"""Route of a request that named its model, so that no route was taken."""
FEE = "fee"
"""Cost kind of what is billed per call (web search and the like) and not per token."""

STATUS_CLASSES = ("2xx", "3xx", "4xx", "5xx", "none")
COST_KINDS: tuple[str, ...] = (*KINDS, FEE)
OUTCOMES = ("finished", "upstream_error", "upstream_cut", "upstream_timeout", "client_gone", "unknown", "refused")
STATES = ("warm", "cooling", "cold", "broken", "unknown")
OBSERVED = ("hit", "partial", "miss", "unknown")
SOURCES = ("override", "rule", "classifier", "sticky", "budget", "fallback")

PINGED = ("read", "missed", "failed", "capped", "refused")
CHANNELS = ("header", "inline", "ask_first")
BREAKERS = ("time_in_system", "date_in_system", "id_in_system", "system_changed", "tools_reordered", "tools_changed",
            "reasoning_dropped", "history_edited", "settings_changed")  # fmt: skip
CHANGES = ("unchanged", "model_changed", "tools_changed", "system_changed", "prefix_changed", "settings_changed",
           "compacted", "forked")  # fmt: skip
OURS = (*CHANGES, "unseen")
THEIRS = (*CHANGES, "affinity", "not_found")

CLOSED: dict[str, tuple[str, ...]] = {
    "status_class": STATUS_CLASSES,
    "kind": COST_KINDS,
    "outcome": OUTCOMES,
    "state": STATES,
    "predicted": STATES,
    "observed": OBSERVED,
    "source": SOURCES,
    "channel": CHANNELS,
    "ping": PINGED,
    "breaker": BREAKERS,
    "ours": OURS,
    "theirs": THEIRS,
}
"""Labels whose values are fixed by the vocabulary."""

CONFIGURED: dict[str, str] = {
    "team": "team",
    "route": "route",
    "from": "route",
    "to": "route",
    "model": "model",
    "provider": "provider",
    "rule": "rule",
}
"""Labels whose values come from the config, and under which name there."""

WORDS_MAX = 128
"""Labels filled by the program's own words (a reason, a cause, a client family) hold at most this many values each: the 56
cells of the matrix, the fixed words, and some sixty rules."""

LATENCY_BUCKETS_S = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0)
"""Long thinking takes minutes; the usual default buckets end at ten seconds."""
OVERHEAD_BUCKETS_S = (
    0.00005, 0.0001, 0.0002, 0.0003, 0.0005, 0.001, 0.002, 0.003, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5,
)  # fmt: skip
"""From 50 µs, which is what a request may cost, to half a second, which is a fault."""
ROUTING_BUCKETS_S = (0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.1)


IDLE_BUCKETS_S = (5.0, 30.0, 60.0, 300.0, 900.0, 1800.0, 3600.0, 7200.0, 14_400.0, 43_200.0, 86_400.0, 604_800.0)
"""From a tool call's pause to a week; 5, 30 and 60 minutes are what the vendors' caches live at least."""


class Declared(Struct, frozen=True):
    """One metric family. `name` is the family's whole name; histograms add `_bucket`, `_sum` and `_count` to it."""

    name: str
    type: Type
    help: str
    labels: tuple[str, ...] = ()
    unit: Unit = "count"
    buckets: tuple[float, ...] = ()
    merge: Merge = "max"


SPEND_LABELS = ("team", "route", "model", "provider")

REQUESTS = Declared(
    name="pointsman_requests_total",
    type="counter",
    help="Requests ended, by the class of the HTTP status the client saw (none: it saw no answer).",
    labels=(*SPEND_LABELS, "status_class"),
)
TOKENS = Declared(
    name="pointsman_tokens_total",
    type="counter",
    help="Billable tokens. Kinds never overlap; their sum is what is billed.",
    labels=(*SPEND_LABELS, "kind"),
)
COST = Declared(
    name="pointsman_cost_usd_total",
    type="counter",
    help="Known cost in US dollars by token kind; fee is what is billed per call. What is unpriced is not in here.",
    labels=(*SPEND_LABELS, "kind"),
    unit="usd",
)
UNPRICED = Declared(
    name="pointsman_unpriced_requests_total",
    type="counter",
    help="Requests whose cost is unknown or known only in part: their dollars are missing, not zero.",
    labels=("model", "reason"),
)
DECISIONS = Declared(
    name="pointsman_routing_decisions_total",
    type="counter",
    help="Routing decisions by what made them and why; route is direct where the client named a model.",
    labels=("route", "source", "reason"),
)
ROUTING_SECONDS = Declared(
    name="pointsman_routing_seconds",
    type="histogram",
    help="Time from the end of a request's body to its routing decision.",
    unit="seconds",
    buckets=ROUTING_BUCKETS_S,
)
SWITCHES = Declared(
    name="pointsman_route_switches_total",
    type="counter",
    help="Threads moved to another route than the one their cache lives on.",
    labels=("from", "to", "cause"),
)
SHADOWS = Declared(
    name="pointsman_shadow_rules_total",
    type="counter",
    help="Requests a rule in shadow fits, and whether it would have sent them elsewhere.",
    labels=("rule", "differs"),
)
CACHE_REQUESTS = Declared(
    name="pointsman_cache_requests_total",
    type="counter",
    help="Requests by the prompt-cache state predicted before they were sent.",
    labels=("team", "provider", "state"),
)
CACHE_OUTCOMES = Declared(
    name="pointsman_cache_outcomes_total",
    type="counter",
    help="Predicted cache state against what the provider's usage then showed.",
    labels=("provider", "predicted", "observed"),
)
CACHE_SHIFTS = Declared(
    name="pointsman_cache_shifts_total",
    type="counter",
    help="Times a provider's prompt cache was seen to behave in a new way, and what was learned of it was doubted.",
    labels=("provider",),
)
DIAGNOSES = Declared(
    name="pointsman_cache_diagnoses_total",
    type="counter",
    help="Answers in which the provider said what had changed in the prompt, beside what this gateway had found.",
    labels=("provider", "ours", "theirs"),
)
RESUME_IDLE = Declared(
    name="pointsman_resume_idle_seconds",
    type="histogram",
    help="How long a thread had rested when its next request came.",
    unit="seconds",
    buckets=IDLE_BUCKETS_S,
)
STALE_RESUMES = Declared(
    name="pointsman_stale_resumes_total",
    type="counter",
    help="Threads resumed after their prompt cache had gone.",
    labels=("team", "client"),
)
STALE_COST = Declared(
    name="pointsman_stale_cost_usd_total", type="counter", labels=("team", "model", "cause"), unit="usd",
    help="US dollars paid above the warm price because a prompt cache had gone.",
)  # fmt: skip
STALE_CLIENT_COST = Declared(
    name="pointsman_stale_client_cost_usd_total", type="counter", labels=("team", "client", "cause"), unit="usd",
    help="US dollars paid above the warm price because a prompt cache had gone, by the program that sent the prompt.",
)  # fmt: skip
BROKEN_COST = Declared(
    name="pointsman_broken_prompts_usd_total", type="counter", labels=("client", "breaker"), unit="usd",
    help="US dollars paid above the warm price because a prompt no longer began as its thread's last one, by what broke it.",
)  # fmt: skip
WARNINGS = Declared(
    name="pointsman_warnings_total", type="counter", labels=("team", "client", "channel"),
    help="Threads about to be resumed after their prompt cache had gone, by the loudest way in which that was told.",
)  # fmt: skip
SAVED = Declared(
    name="pointsman_saved_usd_total",
    type="counter",
    help="US dollars an alternative would have cost more, event by event: routing against all on the code model, caching "
    "against no cache, switching against staying; from the ledger. The reasons overlap.",
    labels=("team", "reason"),
    unit="usd",
)
WASTED = Declared(
    name="pointsman_wasted_usd_total", type="counter", labels=("team", "reason"), unit="usd",
    help="US dollars spent that an alternative would not have cost, event by event; from the ledger. The reasons overlap.",
)  # fmt: skip
PINGS = Declared(
    name="pointsman_keep_warm_pings_total", type="counter", labels=("team", "ping"),
    help="Pings to keep a prompt cache warm, by what came of them: read, missed, failed; not sent: capped, refused.",
)  # fmt: skip
PINGS_COST = Declared(
    name="pointsman_keep_warm_cost_usd_total", type="counter", labels=("team",), unit="usd",
    help="US dollars that pings have cost; they are in pointsman_cost_usd_total as well.",
)  # fmt: skip
PINGS_SAVED = Declared(
    name="pointsman_keep_warm_saved_usd_total", type="counter", labels=("team",), unit="usd",
    help="US dollars of filling caches anew that were not paid because of pings; what the pings cost is not taken off.",
)  # fmt: skip
BUDGET = Declared(
    name="pointsman_budget_usd",
    type="gauge",
    help="Budget of a team in US dollars.",
    labels=("team", "window"),
    unit="usd",
    merge="own",
)
BUDGET_SPENT = Declared(
    name="pointsman_budget_spent_usd",
    type="gauge",
    help="Spent of a team's budget in its present window, in US dollars.",
    labels=("team", "window"),
    unit="usd",
    merge="own",
)
BUDGET_RESERVED = Declared(
    name="pointsman_budget_reserved_usd",
    type="gauge",
    help="Held of a team's budget for requests that are under way, in US dollars.",
    labels=("team", "window"),
    unit="usd",
    merge="own",
)
BUDGET_REMAINING = Declared(
    name="pointsman_budget_remaining_usd",
    type="gauge",
    help="What is left of a team's budget in its present window, in US dollars; 0 when it is overshot.",
    labels=("team", "window"),
    unit="usd",
    merge="own",
)
BUDGET_SHARE = Declared(
    name="pointsman_budget_used_share",
    type="gauge",
    help="How much of a budget the account that used most of it has used, 1 for all; users, keys and sessions are accounts.",
    labels=("budget",),
    merge="own",
)
BUDGET_ACCOUNTS = Declared(
    name="pointsman_budget_accounts",
    type="gauge",
    help="Accounts of a budget by how far they have used it: fine, warn, degrade or refuse.",
    labels=("budget", "level"),
    merge="own",
)
BILL_CAPTURED = Declared(
    name="pointsman_bill_captured_ratio",
    type="gauge",
    help="Share of the providers' bill that came through here, when `pointsman reconcile` last looked; 1 for all of it.",
    merge="own",
)
OVERHEAD = Declared(
    name="pointsman_overhead_seconds",
    type="histogram",
    help="Time the gateway itself takes before it forwards a request.",
    unit="seconds",
    buckets=OVERHEAD_BUCKETS_S,
)
UPSTREAM_SECONDS = Declared(
    name="pointsman_upstream_seconds",
    type="histogram",
    help="Time from the arrival of a request to the end of its answer.",
    unit="seconds",
    buckets=LATENCY_BUCKETS_S,
)
FIRST_TOKEN = Declared(
    name="pointsman_time_to_first_token_seconds",
    type="histogram",
    help="Time from forwarding to the first byte of a streamed answer.",
    unit="seconds",
    buckets=LATENCY_BUCKETS_S,
)
INFLIGHT = Declared(name="pointsman_inflight", type="gauge", help="Requests under way.", merge="add")
REFUSALS = Declared(
    name="pointsman_refusals_total",
    type="counter",
    help="Requests the gateway answered with its own error before any upstream was called.",
    labels=("refusal",),
)
LOOP_HELD = Declared(
    name="pointsman_loop_held_seconds",
    type="gauge",
    help="Longest time one read, of a client or an upstream, held the event loop since the last scrape.",
    unit="seconds",
    merge="peak",
)
LOOP_STALL = Declared(
    name="pointsman_loop_stall_seconds",
    type="gauge",
    help="Longest delay of a timer of the event loop since the last scrape; looked at ten times a second.",
    unit="seconds",
    merge="peak",
)
WORKERS = Declared(
    name="pointsman_workers", type="gauge", help="Worker processes that answer requests.", merge="own"
)
WORKERS_LOST = Declared(
    name="pointsman_workers_lost_total", type="counter", help="Worker processes that ended unasked and were replaced."
)
LEDGER_LAG = Declared(
    name="pointsman_ledger_lag_seconds",
    type="gauge",
    help="Age of the oldest event that is not yet on disk.",
    unit="seconds",
    merge="own",
)
LEDGER_BACKLOG = Declared(
    name="pointsman_ledger_backlog_bytes",
    type="gauge",
    help="Journal that is written and not yet booked in the ledger.",
    unit="bytes",
    merge="own",
)
LEDGER_ERRORS = Declared(
    name="pointsman_ledger_errors_total", type="counter", help="Events the ledger could not write at first try."
)
EVENTS = Declared(
    name="pointsman_events_total",
    type="counter",
    help="Ends of requests: every request ends in exactly one of these outcomes.",
    labels=("outcome",),
)
CONFIG_RELOAD = Declared(
    name="pointsman_config_last_reload_success",
    type="gauge",
    help="1 while the config in use is the one on disk, 0 while the file on disk is broken and the old one is kept.",
    unit="flag",
    merge="min",
)
CONFIG_VERSION = Declared(
    name="pointsman_config_version",
    type="gauge",
    help="The digest of the config in use as a number: it changes when the config does, and with nothing else.",
)
DRAINING = Declared(
    name="pointsman_draining",
    type="gauge",
    help="1 while open answers are being finished before a stop, else 0.",
    unit="flag",
)
PRICES_VERSION = Declared(
    name="pointsman_prices_version",
    type="gauge",
    help="A number that changes when the prices in use do: the built-in table's, or those of the config.",
)
PRICE_AGE = Declared(
    name="pointsman_price_table_age_seconds",
    type="gauge",
    help="Time since the built-in price table was compiled.",
    unit="seconds",
)

FAMILIES: tuple[Declared, ...] = tuple(each for each in tuple(globals().values()) if isinstance(each, Declared))
"""All of the above in their order, which is that of the page and of the reference."""
DECLARED = {each.name: each for each in FAMILIES}
