"""The Operations dashboard: rate, errors and durations, what the gateway itself takes, and the state of its books."""

from dashboards.board import dashboard
from dashboards.panels import About, Json, Limits, bars, lines, series, stat
from dashboards.query import PROCESS, grown, highest, of, pace, quantile, ratio
from gateway.metering.families import (
    CONFIG_RELOAD,
    DRAINING,
    EVENTS,
    INFLIGHT,
    LEDGER_BACKLOG,
    LEDGER_ERRORS,
    LEDGER_LAG,
    LOOP_HELD,
    LOOP_STALL,
    OVERHEAD,
    PRICE_AGE,
    REFUSALS,
    REQUESTS,
    UPSTREAM_SECONDS,
    WORKERS,
)

QUANTILES = (0.5, 0.95, 0.99)
_DAY_S = 86_400


def numbers() -> list[Json]:
    """Is it well."""
    return [
        stat(About("Under way", "Requests under way now.", "short"), f"sum ({of(INFLIGHT)})"),
        stat(
            About("Failures", "Share of requests that ended in a 5xx, or without an answer.", "percentunit"),
            ratio(grown(REQUESTS, 'status_class=~"5xx|none"'), grown(REQUESTS)),
            Limits(bad_from=0.05),
        ),
        stat(
            About("Own time p99", "What the gateway takes before it forwards a request, for all but one in 100.", "s"),
            quantile(OVERHEAD, 0.99, "$__range"),
            Limits(bad_from=0.025),
        ),
        stat(
            About("Ledger lag", "Age of the oldest event that is not yet on disk.", "s"),
            highest(LEDGER_LAG),
            Limits(bad_from=30),
        ),
        stat(
            About("Config", "Whether the config on disk is in use. A broken file keeps the last good one.", "none"),
            f"min ({of(CONFIG_RELOAD)})",
            Limits(bad_below=1),
            {"0": "broken, old one kept", "1": "in use"},
        ),
        stat(
            About("Age of the prices", "Time since the built-in price table was compiled.", "s"),
            highest(PRICE_AGE),
            Limits(bad_from=90 * _DAY_S),
        ),
    ]


def traffic() -> list[Json]:
    """Rate and errors."""
    return [
        series(
            About("Requests per second by status", "By what the client saw; none: it saw no answer.", "reqps"),
            pace(REQUESTS, by="status_class"),
            "{{status_class}}",
        ),
        series(
            About("Ends per minute other than finished", "Upstream errors, cut answers, clients that left.", "short"),
            pace(EVENTS, 'outcome!="finished"', by="outcome", seconds=60),
            "{{outcome}}",
        ),
    ]


def durations() -> list[Json]:
    """How long it takes, ours and all."""
    return [
        lines(
            About("Own time", "What the gateway itself takes before it forwards a request.", "s"),
            {f"p{round(each * 100)}": quantile(OVERHEAD, each) for each in QUANTILES},
        ),
        lines(
            About("Time to the end of an answer", "From the arrival of a request; mostly the model's own.", "s"),
            {f"p{round(each * 100)}": quantile(UPSTREAM_SECONDS, each) for each in QUANTILES},
        ),
    ]


def books() -> list[Json]:
    """The ledger, and what was refused."""
    return [
        bars(
            About("Refusals by kind", "Requests answered with an error of the gateway's own.", "short"),
            grown(REFUSALS, by="refusal"),
            "{{refusal}}",
        ),
        lines(
            About("Journal not yet booked", "Written safely, and not yet in the ledger.", "bytes"),
            {"{{instance}}": highest(LEDGER_BACKLOG, "instance")},
            width=8,
        ),
        lines(
            About("Ledger write errors per minute", "Events the ledger could not write at first try.", "short"),
            {"{{instance}}": pace(LEDGER_ERRORS, by="instance", seconds=60)},
            width=8,
        ),
    ]


def process() -> list[Json]:
    """The process itself."""
    return [
        lines(
            About("Event loop held", "By one read, and how late a timer came: the longest between two scrapes.", "s"),
            {"{{instance}} held": highest(LOOP_HELD, "instance"), "{{instance}} late": highest(LOOP_STALL, "instance")},
            width=8,
        ),
        lines(
            About("Under way, workers, draining", "Draining is 1 while a stop waits for open answers.", "short"),
            {
                "{{instance}} under way": f"sum by (instance) ({of(INFLIGHT)})",
                "{{instance}} workers": highest(WORKERS, "instance"),
                "{{instance}} draining": highest(DRAINING, "instance"),
            },
            width=8,
        ),
        lines(
            About("Series on the metrics page", "Samples in a scrape. Labels are closed sets, so it levels off.", "short"),
            {"{{instance}}": f"max by (instance) (scrape_samples_scraped{{{PROCESS}}})"},
            width=8,
        ),
    ]


def operations() -> Json:
    """The dashboard as Grafana reads it."""
    return dashboard(
        "pointsman-operations",
        "Operations",
        "Rate, errors and durations, what the gateway itself takes, and the state of its ledger, config and prices.",
        [numbers(), traffic(), durations(), books(), process()],
    )
