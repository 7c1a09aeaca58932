"""What every panel must show, asked of the ledger in SQL: keys as Prometheus has its labels, then one number.

Labels stand in the order of their names, as `Scraped.instant` puts them. `:span` is the seconds shown, `:month` those of this
month. What no ledger holds is in `MEASURED`, or said by the gateway itself, and the test wants every panel in one of these.
"""

from collections.abc import Sequence

from gateway.metering.families import LATENCY_BUCKETS_S
from gateway.metering.types import KINDS

USD = "sum(picos) / 1e12"
WRITES = " + ".join(kind for kind in KINDS if kind.startswith("cache_write"))
PROMPT = f"input_uncached + cache_read + {WRITES}"
ROUTE = "coalesce(nullif(route, ''), 'direct')"
CLASS = "CASE WHEN status BETWEEN 200 AND 599 THEN (status / 100) || 'xx' ELSE 'none' END"
FAILED = "(status >= 500 OR status = 0)"
DECIDED = "reason != ''"
"""Requests that were routed; embeddings and the like are passed on."""
MODELS = "endpoint IN ('chat', 'responses', 'messages')"
FORETOLD = "thread != '' AND exact AND known_kinds > 0"
"""Answers that told of the cache, by which their thread is remembered."""
ROWS = f"""
    WITH rows AS (SELECT *, {' + '.join(KINDS)} AS known_kinds,
        lag(route) OVER (PARTITION BY team, thread ORDER BY at) AS before FROM requests)
"""
"""All requests, with the route their thread was on."""


def by_kind(of: str, also: str = "", what: str = "") -> str:
    """Rows of kind, perhaps another key, and a sum made of each kind's columns."""
    key, group = (f", {also}", f" GROUP BY {also}") if also else ("", "")
    sums = (f"SELECT '{kind}'{key}, {of.format(kind=kind)}{what} FROM rows{group}" for kind in KINDS)
    return " UNION ALL ".join(sums)


SQL: dict[str, Sequence[str]] = {
    # Spend
    "Today": [f"SELECT {USD} FROM rows"],
    "This month": [f"SELECT {USD} FROM rows"],
    "Month at this pace": [f"SELECT {USD} / :span * :month FROM rows"],
    "Spend": [f"SELECT {USD} FROM rows"],
    "Requests": ["SELECT count(*) + :refused FROM rows"],
    "Unpriced requests": ["SELECT count(*) FROM rows WHERE price_status != 'priced'"],
    "Spend per hour by team": [f"SELECT team, {USD} / :span * 3600 FROM rows GROUP BY 1"],
    "Spend per hour by model": [f"SELECT model, {USD} / :span * 3600 FROM rows GROUP BY 1"],
    "Spend by team": [f"SELECT team, {USD} FROM rows GROUP BY 1"],
    "Spend by model": [f"SELECT model, {USD} FROM rows GROUP BY 1"],
    "Spend by kind": [by_kind("sum(picos_{kind}) / 1e12") + " UNION ALL SELECT 'fee', sum(fee_picos) / 1e12 FROM rows"],
    "Budget used": [f"SELECT team, 'month', {USD} / CASE team {{limits}} END FROM rows GROUP BY 1"],
    "Rise on the week before": [f"SELECT team, {USD} FROM rows GROUP BY 1"],
    "What the work costs": [
        f"SELECT model, {USD} / count(*) FROM rows GROUP BY 1",
        f"SELECT model, 1000 * {USD} / sum(output + reasoning) FROM rows GROUP BY 1 HAVING sum(output + reasoning) > 0",
    ],
    "Tokens by team and kind": [by_kind("sum({kind})", "team")],
    "Budget accounts by level": [
        f"SELECT team || '-month', CASE WHEN {USD} / CASE team {{limits}} END < 0.8 THEN 'fine' ELSE 'warn' END, 1"
        " FROM rows GROUP BY team"
    ],
    # Cache freshness
    "Prompt from cache": [f"SELECT sum(cache_read) * 1.0 / sum({PROMPT}) FROM rows"],
    "Reads for a write": [f"SELECT sum(cache_read) * 1.0 / sum({WRITES}) FROM rows"],
    "Stale resumes": ["SELECT count(*) FROM rows WHERE wasted_cause = 'past_lifetime'"],
    "Paid for lost caches": ["SELECT sum(wasted_picos) / 1e12 FROM rows"],
    "Lost share of spend": ["SELECT sum(wasted_picos) * 1.0 / sum(picos) FROM rows"],
    "Foretold rightly": [
        "SELECT 1.0 * sum((cache_state IN ('warm', 'cooling') AND cache_observed IN ('hit', 'partial')) OR"
        " (cache_state IN ('cold', 'broken') AND cache_observed = 'miss')) / count(*) FROM rows"
        f" WHERE cache_state != 'unknown' AND cache_observed != 'unknown' AND {FORETOLD}"
    ],
    "Prompt from cache by model": [
        f"SELECT model, sum(cache_read) * 1.0 / sum({PROMPT}) FROM rows GROUP BY 1 HAVING sum({PROMPT}) > 0"
    ],
    "Cache state of requests, per minute": [
        f"SELECT cache_state, count(*) * 60.0 / :span FROM rows WHERE {MODELS} GROUP BY 1"
    ],
    "Prompt from cache by team": [f"SELECT team, sum(cache_read) * 1.0 / sum({PROMPT}) FROM rows GROUP BY 1"],
    "Stale resumes by client": ["SELECT client, count(*) FROM rows WHERE wasted_cause = 'past_lifetime' GROUP BY 1"],
    "Cost of lost caches": [
        "SELECT wasted_cause, client, sum(wasted_picos) / 1e12 FROM rows WHERE wasted_cause != '' GROUP BY 1, 2"
    ],
    "What breaks prompts": [
        "SELECT breaker, client, sum(wasted_picos) / 1e12 FROM rows WHERE breaker != '' AND wasted_cause != '' GROUP BY 1, 2"
    ],
    "Foretold and seen": [f"SELECT cache_observed, cache_state, count(*) FROM rows WHERE {FORETOLD} GROUP BY 1, 2"],
    "Tokens per minute by kind": [by_kind("sum({kind})", what=" * 60.0 / :span")],
    "Reads for a write by model": [
        f"SELECT model, sum(cache_read) * 1.0 / sum({WRITES}) FROM rows GROUP BY 1 HAVING sum({WRITES}) > 0"
    ],
    "Pings that keep caches warm, per hour": [f"SELECT {USD} / :span * 3600 FROM rows WHERE agent = 'keep_warm'"] * 2,
    # Routing
    "Routed": [f"SELECT 1.0 * sum(route != '') / count(*) FROM rows WHERE {DECIDED}"],
    "Sent to code": [f"SELECT 1.0 * sum(route = 'code') / sum(route != '') FROM rows WHERE {DECIDED}"],
    "Unsure": [f"SELECT 1.0 * sum(source = 'fallback') / sum(route != '') FROM rows WHERE {DECIDED}"],
    "Threads moved": ["SELECT count(*) FROM rows WHERE before != '' AND route != '' AND before != route"],
    "Saved": ["SELECT sum(picos) / 1e12 FROM savings WHERE hour = -1 AND what = 'saved' AND reason = 'routing'"],
    "Requests per minute by route": [
        f"SELECT {ROUTE}, count(*) * 60.0 / :span FROM rows GROUP BY 1 UNION ALL SELECT 'other', :refused * 60.0 / :span"
    ],
    "Decisions per minute by source": [f"SELECT source, count(*) * 60.0 / :span FROM rows WHERE {DECIDED} GROUP BY 1"],
    "Commonest reasons": [f"SELECT reason, count(*) FROM rows WHERE {DECIDED} GROUP BY 1 ORDER BY 2 DESC LIMIT 10"],
    "Saved by reason": ["SELECT reason, sum(picos) / 1e12 FROM savings WHERE hour = -1 AND what = 'saved' GROUP BY 1"],
    "Wasted by reason": ["SELECT reason, sum(picos) / 1e12 FROM savings WHERE hour = -1 AND what = 'wasted' GROUP BY 1"],
    "Failures by route": [f"SELECT {ROUTE}, 1.0 * sum({FAILED}) / count(*) FROM rows GROUP BY 1"],
    "Cost of a request by route": [f"SELECT {ROUTE}, {USD} / count(*) FROM rows GROUP BY 1"],
    "Threads moved by cause": [
        "SELECT source, before, route, count(*) FROM rows WHERE before != '' AND route != '' AND before != route GROUP BY 1, 2, 3"
    ],
    "Rules in shadow": [
        "SELECT CASE route WHEN 'general' THEN 'no' ELSE 'yes' END, 'try-out', count(*) FROM rows"
        f" WHERE dialect = 'chat' AND {DECIDED} GROUP BY 1"
    ],
    # Operations
    "Under way": ["SELECT count(*) FROM open"],
    "Failures": [f"SELECT 1.0 * sum({FAILED}) / (count(*) + :refused) FROM rows"],
    "Requests per second by status": [
        f"SELECT class, sum(n) / :span FROM (SELECT {CLASS} AS class, count(*) AS n FROM rows GROUP BY 1"
        " UNION ALL SELECT '4xx', :refused) GROUP BY 1"
    ],
    "Ends per minute other than finished": [
        "SELECT outcome, count(*) * 60.0 / :span FROM rows WHERE outcome != 'finished' GROUP BY 1"
        " UNION ALL SELECT 'refused', :refused * 60.0 / :span"
    ],
    "Refusals by kind": ["SELECT 'unknown_key', :refused"],
}

QUANTILES: dict[str, tuple[str, tuple[float, ...]]] = {
    "Time to the end of an answer": ("SELECT duration_ms FROM rows", (0.5, 0.95, 0.99)),
    "Time to first token": ("SELECT ttft_ms FROM rows WHERE stream AND ttft_ms IS NOT NULL", (0.5, 0.95)),
}
"""Panels of quantiles of what the ledger has in milliseconds, request by request."""

MEASURED: dict[str, tuple[str, str]] = {
    "Decision time p99": ("pointsman_routing_seconds_count", f"SELECT count(*) FROM rows WHERE {DECIDED}"),
    "Own time p99": ("pointsman_overhead_seconds_count", "SELECT sum(attempts > 0) FROM rows"),
    "Own time": ("pointsman_overhead_seconds_count", "SELECT sum(attempts > 0) FROM rows"),
    "Rest before a request": (
        "pointsman_resume_idle_seconds_count",
        f"SELECT count(*) FROM rows AS r WHERE {MODELS} AND EXISTS (SELECT 1 FROM rows AS e"
        f" WHERE e.team = r.team AND e.thread = r.thread AND e.settled_at <= r.at AND {FORETOLD})",
    ),
}
"""Times that only the process knows: each request was measured once."""

def quantile(share: float, seconds: Sequence[float]) -> float:
    """As Prometheus tells it from buckets: straight from one bound to the next (`histogram_quantile`)."""
    rank, below, lower = share * len(seconds), 0, 0.0
    for bound in LATENCY_BUCKETS_S:
        within = sum(each <= bound for each in seconds)
        if within >= rank:
            return lower + (bound - lower) * (rank - below) / (within - below)
        below, lower = within, bound
    return lower

